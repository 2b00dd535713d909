use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use ring::{hmac, signature};
use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"a shared secret of some length";
const FUTURE: u64 = 4_000_000_000;

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn hs256(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = unsigned(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn keys() -> HashMap<String, VerifyingKey> {
    HashMap::from([(String::new(), VerifyingKey::hs256(SECRET))])
}

fn granted(rules: &Rules, claims: &Value) -> Option<Vec<String>> {
    let token = hs256(SECRET, &json!({"alg": "HS256", "typ": "JWT"}), claims);
    let grant = verify(&keys(), rules, &token)?;
    Some(grant.streams.iter().map(ToString::to_string).collect())
}

#[test]
fn a_good_token_grants_what_it_says() {
    let rules = Rules::default();
    let one = granted(&rules, &json!({"exp": FUTURE, "stream": "show"}));
    assert_eq!(one.unwrap(), ["show"]);
    let several = json!({"exp": FUTURE, "nbf": 1, "stream": ["show", "cam-*", "../x"]});
    assert_eq!(granted(&rules, &several).unwrap(), ["show", "cam-*"]);
}

#[test]
fn a_token_out_of_its_time_or_without_its_claims_grants_nothing() {
    let rules = Rules::default();
    for claims in [
        json!({"exp": 1, "stream": "show"}),
        json!({"exp": FUTURE, "nbf": FUTURE - 1, "stream": "show"}),
        json!({"stream": "show"}),
        json!({"exp": "4000000000", "stream": "show"}),
        json!({"exp": FUTURE}),
        json!({"exp": FUTURE, "stream": 5}),
        json!({"exp": FUTURE, "stream": vec!["*"; MOST_STREAMS + 1]}),
        json!({"exp": FUTURE, "stream": "show", "aud": "somebody"}),
        json!([]),
    ] {
        assert_eq!(granted(&rules, &claims), None, "{claims}");
    }
}

#[test]
fn a_clock_that_is_off_is_forgiven_as_far_as_configured_and_no_further() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.unwrap().as_secs();
    let skewed = |seconds| Rules {
        skew: Duration::from_secs(seconds),
        ..Rules::default()
    };
    for claims in [
        json!({"exp": now - 100, "stream": "show"}),
        json!({"exp": FUTURE, "nbf": now + 100, "stream": "show"}),
    ] {
        assert!(granted(&skewed(300), &claims).is_some(), "{claims}");
        assert_eq!(granted(&skewed(50), &claims), None, "{claims}");
    }
}

#[test]
fn issuer_and_audience_are_asked_for_where_they_are_configured() {
    let rules = Rules {
        issuer: Some("us".to_owned()),
        audience: Some("origin".to_owned()),
        ..Rules::default()
    };
    let claims =
        |iss: Value, aud: Value| json!({"exp": FUTURE, "stream": "*", "iss": iss, "aud": aud});
    assert!(granted(&rules, &claims(json!("us"), json!("origin"))).is_some());
    assert!(granted(&rules, &claims(json!("us"), json!(["x", "origin"]))).is_some());
    for bad in [
        claims(json!("them"), json!("origin")),
        claims(json!("us"), json!("x")),
        json!({"exp": FUTURE, "stream": "*", "aud": "origin"}),
        json!({"exp": FUTURE, "stream": "*", "iss": "us"}),
    ] {
        assert_eq!(granted(&rules, &bad), None, "{bad}");
    }
}

/// A public key as a shared secret, no signature at all, another algorithm than the key's.
#[test]
fn no_token_chooses_its_algorithm() {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
        .unwrap();
    let prefix = STANDARD
        .decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=")
        .unwrap();
    let pem = pem(&prefix, pair.public_key().as_ref());
    let keys = HashMap::from([("k".to_owned(), VerifyingKey::es256(&pem).unwrap())]);
    let claims = json!({"exp": FUTURE, "stream": "*"});
    let rules = Rules::default();

    let header = json!({"alg": "ES256", "kid": "k"});
    let message = unsigned(&header, &claims);
    let sign = |message: &str| pair.sign(&random, message.as_bytes()).unwrap();
    let tag = URL_SAFE_NO_PAD.encode(sign(&message));
    assert!(verify(&keys, &rules, &format!("{message}.{tag}")).is_some());

    let confused = json!({"alg": "HS256", "kid": "k"});
    for secret in [pem.as_bytes(), pair.public_key().as_ref()] {
        let token = hs256(secret, &confused, &claims);
        assert_eq!(verify(&keys, &rules, &token), None);
    }
    for algorithm in ["none", "None", "ES384", "RS256", "EdDSA", "HS256"] {
        let message = unsigned(&json!({"alg": algorithm, "kid": "k"}), &claims);
        for tag in [
            String::new(),
            tag.clone(),
            URL_SAFE_NO_PAD.encode(sign(&message)),
        ] {
            let token = format!("{message}.{tag}");
            assert_eq!(verify(&keys, &rules, &token), None, "{algorithm}");
        }
    }
    let unknown = unsigned(&json!({"alg": "ES256", "kid": "other"}), &claims);
    let token = format!("{unknown}.{}", URL_SAFE_NO_PAD.encode(sign(&unknown)));
    assert_eq!(verify(&keys, &rules, &token), None);
}

#[test]
fn ed25519_works_and_another_key_does_not() {
    let random = SystemRandom::new();
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let prefix = STANDARD.decode("MCowBQYDK2VwAyEA").unwrap();
    let pem = pem(&prefix, pair.public_key().as_ref());
    let keys = HashMap::from([(String::new(), VerifyingKey::eddsa(&pem).unwrap())]);
    let message = unsigned(
        &json!({"alg": "EdDSA"}),
        &json!({"exp": FUTURE, "stream": "*"}),
    );
    let token = |tag: signature::Signature| format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
    let rules = Rules::default();
    assert!(verify(&keys, &rules, &token(pair.sign(message.as_bytes()))).is_some());
    assert_eq!(
        verify(&keys, &rules, &token(pair.sign(b"something else"))),
        None
    );
    assert!(VerifyingKey::es256(&pem).is_none(), "a key is of one kind");
}

fn pem(prefix: &[u8], key: &[u8]) -> String {
    let der = [prefix, key].concat();
    let body = STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}
