use llhls_manifest::{PathwayClone, SteeringError, SteeringManifest};

/// MV-29: every field, in one order, as JSON.
#[test]
fn a_steering_manifest_is_json() {
    let clone = PathwayClone::new("near", "third")
        .host("cdn3.example.com")
        .parameter("token", "a\"\\b")
        .parameter("session", "1")
        .variant("v1080", "https://cdn3.example.com/v.m3u8")
        .rendition("en/6", "https://cdn3.example.com/a.m3u8");
    let second = PathwayClone::new("third", "fourth").host("cdn4.example.com");
    let json = SteeringManifest::new(300, ["near", "third"])
        .reload_uri("/steering?session=abc")
        .pathway_clone(clone)
        .pathway_clone(second)
        .build();
    let expected = [
        r#"{"VERSION":1,"TTL":300,"RELOAD-URI":"/steering?session=abc","#,
        r#""PATHWAY-PRIORITY":["near","third"],"PATHWAY-CLONES":["#,
        r#"{"BASE-ID":"near","ID":"third","URI-REPLACEMENT":{"HOST":"cdn3.example.com","#,
        r#""PARAMS":{"token":"a\"\\b","session":"1"},"#,
        r#""PER-VARIANT-URIS":{"v1080":"https://cdn3.example.com/v.m3u8"},"#,
        r#""PER-RENDITION-URIS":{"en/6":"https://cdn3.example.com/a.m3u8"}}},"#,
        r#"{"BASE-ID":"third","ID":"fourth","URI-REPLACEMENT":{"HOST":"cdn4.example.com"}}]}"#,
    ];
    assert_eq!(json, Ok(expected.concat()));
    assert_eq!(
        SteeringManifest::new(1, ["."]).build().as_deref(),
        Ok(r#"{"VERSION":1,"TTL":1,"PATHWAY-PRIORITY":["."]}"#)
    );
    let odd = SteeringManifest::new(1, ["a"]).reload_uri("a\u{1}b");
    assert!(odd.build().unwrap().contains(r#""a\u0001b""#));
}

/// MV-29: what clients would ignore or could not follow is refused.
#[test]
fn steering_manifests_are_checked() {
    use SteeringError as E;
    let build = |manifest: SteeringManifest| manifest.build().unwrap_err();
    let having = |clone: PathwayClone| build(SteeringManifest::new(1, ["a"]).pathway_clone(clone));
    let clone = || PathwayClone::new("a", "b").host("h");
    let none: [&str; 0] = [];
    assert_eq!(build(SteeringManifest::new(0, ["a"])), E::TimeToLive);
    assert_eq!(build(SteeringManifest::new(1, none)), E::NoPathway);
    for id in ["", "a b", "\u{e9}", "a\"", "a/b"] {
        assert_eq!(build(SteeringManifest::new(1, [id])), E::Pathway(id.into()));
    }
    assert_eq!(
        having(PathwayClone::new("a", "b!").host("h")),
        E::Pathway("b!".into())
    );
    assert_eq!(
        having(PathwayClone::new("", "b").host("h")),
        E::Pathway(String::new())
    );
    let twice = SteeringManifest::new(1, ["a", "c", "a"]);
    assert_eq!(build(twice), E::Duplicate("a".into()));
    let clones = SteeringManifest::new(1, ["a"]).pathway_clone(clone());
    assert_eq!(
        build(clones.pathway_clone(clone())),
        E::Duplicate("b".into())
    );
    let replaced = clone().variant("v", "u").variant("v", "w");
    assert_eq!(having(replaced), E::Duplicate("v".into()));
    assert_eq!(having(PathwayClone::new("a", "b")), E::Clone("b".into()));
    assert_eq!(
        having(PathwayClone::new("b", "b").host("h")),
        E::Clone("b".into())
    );
    assert_eq!(having(clone().host("")), E::Empty);
    assert_eq!(having(clone().rendition("r", "")), E::Empty);
    assert_eq!(
        build(SteeringManifest::new(1, ["a"]).reload_uri("")),
        E::Empty
    );
}
