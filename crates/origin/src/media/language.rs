//! Languages as `LANGUAGE` takes them: the shortest tag there is (RFC 5646 §2.2.1).

/// ISO 639-2 and 639-3 codes of the languages that have a code of two letters, sorted.
///
/// Bibliographic codes (`ger`) are among them, because encoders write what they are told. The list of two letters is
/// closed: a language that has none now will never get one, so this does not age.
const SHORT: &str = "\
    aar=aa abk=ab afr=af aka=ak alb=sq amh=am ara=ar arg=an arm=hy asm=as ava=av ave=ae aym=ay \
    aze=az bak=ba bam=bm baq=eu bel=be ben=bn bis=bi bod=bo bos=bs bre=br bul=bg bur=my cat=ca \
    ces=cs cha=ch che=ce chi=zh chu=cu chv=cv cor=kw cos=co cre=cr cym=cy cze=cs dan=da deu=de \
    div=dv dut=nl dzo=dz ell=el eng=en epo=eo est=et eus=eu ewe=ee fao=fo fas=fa fij=fj fin=fi \
    fra=fr fre=fr fry=fy ful=ff geo=ka ger=de gla=gd gle=ga glg=gl glv=gv gre=el grn=gn guj=gu \
    hat=ht hau=ha hbs=sh heb=he her=hz hin=hi hmo=ho hrv=hr hun=hu hye=hy ibo=ig ice=is ido=io \
    iii=ii iku=iu ile=ie ina=ia ind=id ipk=ik isl=is ita=it jav=jv jpn=ja kal=kl kan=kn kas=ks \
    kat=ka kau=kr kaz=kk khm=km kik=ki kin=rw kir=ky kom=kv kon=kg kor=ko kua=kj kur=ku lao=lo \
    lat=la lav=lv lim=li lin=ln lit=lt ltz=lb lub=lu lug=lg mac=mk mah=mh mal=ml mao=mi mar=mr \
    may=ms mkd=mk mlg=mg mlt=mt mon=mn mri=mi msa=ms mya=my nau=na nav=nv nbl=nr nde=nd ndo=ng \
    nep=ne nld=nl nno=nn nob=nb nor=no nya=ny oci=oc oji=oj ori=or orm=om oss=os pan=pa per=fa \
    pli=pi pol=pl por=pt pus=ps que=qu roh=rm ron=ro rum=ro run=rn rus=ru sag=sg san=sa sin=si \
    slk=sk slo=sk slv=sl sme=se smo=sm sna=sn snd=sd som=so sot=st spa=es sqi=sq srd=sc srp=sr \
    ssw=ss sun=su swa=sw swe=sv tah=ty tam=ta tat=tt tel=te tgk=tg tgl=tl tha=th tib=bo tir=ti \
    ton=to tsn=tn tso=ts tuk=tk tur=tr twi=tw uig=ug ukr=uk urd=ur uzb=uz ven=ve vie=vi vol=vo \
    wel=cy wln=wa wol=wo xho=xh yid=yi yor=yo zha=za zho=zh zul=zu";

/// The tag of a language whose `mdhd` has the code `code`; `None` for what says nothing (`und`) or is no code.
pub(crate) fn tag(code: &str) -> Option<String> {
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_code && code != "und").then(|| shortest(code))
}

/// The tag that an `elng` box gives, with the shortest code for its language; `None` for what is no tag.
pub(crate) fn extended(tag: &str) -> Option<String> {
    const LONGEST: usize = 35;
    let mut subtags = tag.split('-');
    let language = subtags.next()?;
    let is_subtag = |text: &str| {
        (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_tag = (2..=LONGEST).contains(&tag.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && tag.split('-').all(is_subtag);
    if !is_tag || language.eq_ignore_ascii_case("und") {
        return None;
    }
    let short = shortest(&language.to_ascii_lowercase());
    let short = if short.len() < language.len() {
        short
    } else {
        language.to_owned()
    };
    Some(subtags.fold(short, |tag, subtag| tag + "-" + subtag))
}

/// The code of two letters, where the language has one.
fn shortest(code: &str) -> String {
    let found = SHORT
        .split(' ')
        .find_map(|pair| pair.strip_prefix(code)?.strip_prefix('='));
    found.unwrap_or(code).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_its_shortest_tag() {
        for (code, expected) in [
            ("deu", Some("de")),
            ("ger", Some("de")),
            ("eng", Some("en")),
            ("zho", Some("zh")),
            ("zul", Some("zu")),
            ("aar", Some("aa")),
            ("gsw", Some("gsw")),
            ("zxx", Some("zxx")),
            ("und", None),
            ("```", None),
        ] {
            assert_eq!(tag(code).as_deref(), expected, "{code}");
        }
        for (long, expected) in [
            ("pt-BR", Some("pt-BR")),
            ("deu-AT", Some("de-AT")),
            ("zh-Hant-TW", Some("zh-Hant-TW")),
            ("und", None),
            ("und-Latn", None),
            ("x", None),
            ("de--AT", None),
            ("de\"", None),
        ] {
            assert_eq!(extended(long).as_deref(), expected, "{long}");
        }
    }

    #[test]
    fn the_list_is_what_it_says() {
        let pairs: Vec<_> = SHORT
            .split(' ')
            .map(|pair| pair.split_once('=').unwrap())
            .collect();
        assert!(pairs.is_sorted());
        assert!(
            pairs
                .iter()
                .all(|(long, short)| long.len() == 3 && short.len() == 2)
        );
        assert_eq!(
            pairs.len(),
            204,
            "as many as have a code of two letters, and twenty twice"
        );
    }
}
