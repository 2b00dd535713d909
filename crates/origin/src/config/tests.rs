use super::*;

/// The first mistake of a file, as it is printed.
fn first(text: &str) -> String {
    all(text).swap_remove(0)
}

fn all(text: &str) -> Vec<String> {
    let mut layers = Layers::new();
    layers.text("o.toml", text);
    let errors = layers.build().expect_err(text);
    errors.mistakes().iter().map(ToString::to_string).collect()
}

fn good(text: &str) -> Config {
    let mut layers = Layers::new();
    layers.text("o.toml", text);
    layers.build().unwrap_or_else(|errors| panic!("{errors}"))
}

/// What is wrong with one key, and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "[streams\n",
        "o.toml:1:9: this is not TOML: unclosed table, expected `]`",
    ),
    (
        "\n[streems]\n",
        "o.toml:2:2: streems: there is no such section; [streams] is meant?",
    ),
    (
        "part_target = \"1s\"\n",
        "o.toml:1:1: part_target: this key belongs into the section [streams]",
    ),
    (
        "[xyzzy]\n",
        "o.toml:1:2: xyzzy: there is no such section; there are server, operations, streams, \
         memory, ingest, recording, access, log, page",
    ),
    (
        "streams = 3\n",
        "o.toml:1:11: streams: is a section: write [streams] and its keys below it",
    ),
    (
        "[streams]\n  part_targt = \"1s\"\n",
        "o.toml:2:3: streams.part_targt: there is no such key; streams.part_target is meant?",
    ),
    (
        "[server]\npart_target = \"1s\"\n",
        "o.toml:2:1: server.part_target: there is no such key; streams.part_target is meant?",
    ),
    (
        "[log]\nzzz = 1\n",
        "o.toml:2:1: log.zzz: there is no such key; [log] has format, filter",
    ),
    (
        "[streams]\npart_target = 200\n",
        "o.toml:2:15: streams.part_target: is a number, but should be a duration with its \
         unit, such as \"200ms\", \"2s\" or \"5m\"",
    ),
    (
        "[streams]\npart_target = \"200\"\n",
        "o.toml:2:15: streams.part_target: \"200\" is not a duration with its unit, such as \
         \"200ms\", \"2s\" or \"5m\"",
    ),
    (
        "[streams]\npart_target = \"1500us\"\n",
        "o.toml:2:15: streams.part_target: \"1500us\" is not a whole number of milliseconds",
    ),
    (
        "[streams]\npart_target = \"10s\"\n",
        "o.toml:2:15: streams.part_target: \"10s\" is not from 20ms to 5s",
    ),
    (
        "[streams]\ntarget_duration = 0\n",
        "o.toml:2:19: streams.target_duration: 0 is not from 1 to 60",
    ),
    (
        "[streams]\ntarget_duration = -1\n",
        "o.toml:2:19: streams.target_duration: -1 is out of range",
    ),
    (
        "[streams]\ntarget_duration = 2.5\n",
        "o.toml:2:19: streams.target_duration: is a number with a fraction, but should be a \
         whole number",
    ),
    (
        "[streams]\ntarget_duration = 99999999999999999999\n",
        "o.toml:2:19: streams.target_duration: is a number beyond 64 bits, but should be a \
         whole number",
    ),
    (
        "[streams]\ndemo = \"no\"\n",
        "o.toml:2:8: streams.demo: \"no\" is not true or false",
    ),
    (
        "[memory]\ntotal = 4096\n",
        "o.toml:2:9: memory.total: is a number, but should be a size with its unit, such as \
         \"64MiB\" or \"4GiB\"",
    ),
    (
        "[memory]\ntotal = \"4096\"\n",
        "o.toml:2:9: memory.total: \"4096\" is not a size with its unit, such as \"64MiB\" or \
         \"4GiB\"",
    ),
    (
        "[server]\nlisten = \"localhost\"\n",
        "o.toml:2:10: server.listen: \"localhost\" is not an address with a port, such as \
         \"127.0.0.1:8080\"",
    ),
    (
        "[log]\nformat = \"jason\"\n",
        "o.toml:2:10: log.format: \"jason\" is not \"text\" or \"json\"; \"json\" is meant?",
    ),
    (
        "[log]\nfilter = \"info,origin=loud\"\n",
        "o.toml:2:10: log.filter: \"info,origin=loud\" is no filter (error parsing \
         level filter: expected one of \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\", or a \
         number 0-5); \"info\" is one",
    ),
    (
        "[access]\ncookie_origins = [\"x\", 5]\n",
        "o.toml:2:24: access.cookie_origins: is a number, but should be a text",
    ),
    (
        "[server]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\n",
        "o.toml:3:1: this is not TOML: duplicate key",
    ),
];

/// What is wrong between keys.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        "[memory]\nper_rendition = \"1MiB\"\n",
        "o.toml:2:17: memory.per_rendition: 1MiB has to hold 71 s of media (15 segments of 2 s, \
         listed and for as long as players may still ask): that is room for 117 kbit/s; choose 5MiB \
         or more, or a smaller streams.window_segments",
    ),
    (
        "[streams]\ntarget_duration = 1\npart_target = \"600ms\"\n",
        "o.toml:3:15: streams.part_target: 600ms is more than half of streams.target_duration \
         (1 s), so that a segment would be one part; choose 500ms or less",
    ),
    (
        "[memory]\ntotal = \"64MiB\"\nper_rendition = \"128MiB\"\n",
        "o.toml:3:17: memory.per_rendition: one rendition may hold 128MiB, but all together \
         only memory.total = 64MiB; choose 64MiB or less",
    ),
    (
        "[ingest]\ntotal = \"32MiB\"\nfragment = \"1MiB\"\n",
        "default: ingest.per_path: one path may hold 64MiB, but all together only ingest.total \
         = 32MiB; choose 32MiB or less",
    ),
    (
        "[ingest]\nfragment = \"48MiB\"\n",
        "o.toml:2:12: ingest.fragment: 48MiB is more than half of ingest.per_path = 64MiB, which \
         has to hold one fragment that arrives and one that is cut; choose 32MiB or less",
    ),
    (
        "[recording]\ndirectory = \"/r\"\nper_rendition = \"2GiB\"\ntotal = \"1GiB\"\n",
        "o.toml:3:17: recording.per_rendition: one recording may take 2GiB, but all together \
         only recording.total = 1GiB; choose 1GiB or less",
    ),
    (
        "[recording]\ndirectory = \"/r\"\nage = \"5m\"\nwindow = \"10m\"\n",
        "o.toml:3:7: recording.age: what is older than 5m is not listed, so recording.window = \
         10m is never reached; choose 10m or more",
    ),
    (
        "[streams]\ntarget_duration = 4\n[recording]\ndirectory = \"/r\"\nwindow = \"10s\"\n",
        "o.toml:5:10: recording.window: 10s is less than three segments of \
         streams.target_duration (4 s), which players need; choose 12s or more",
    ),
    (
        "[recording]\ndirectory = \"Cargo.toml\"\n",
        "o.toml:2:13: recording.directory: Cargo.toml is there and is no folder",
    ),
    (
        "[memory]\ntotal = \"128MiB\"\n",
        "o.toml:2:9: memory.total: 128MiB is room for 2 renditions of memory.per_rendition = \
         64MiB, and the demo stream alone has 3; choose 192MiB or more, or streams.demo = false",
    ),
    (
        "[server]\nconnections = 100\nconnections_per_address = 200\n",
        "o.toml:3:27: server.connections_per_address: 200 from one address are more than the \
         100 in all; choose 100 or less",
    ),
    (
        "[server]\ntls_key = \"k.pem\"\n",
        "o.toml:2:11: server.tls_key: needs server.tls_certificate beside it",
    ),
    (
        "[server]\ntls_certificate = \"c.pem\"\n",
        "o.toml:2:19: server.tls_certificate: needs server.tls_key beside it",
    ),
    (
        "[server]\ntls_self_signed = true\ntls_certificate = \"c\"\ntls_key = \"k\"\n",
        "o.toml:3:19: server.tls_certificate: contradicts server.tls_self_signed; choose one \
         of the two",
    ),
    (
        "[server]\nrtmp = false\nrtmp_listen = \"0.0.0.0:1935\"\n",
        "o.toml:3:15: server.rtmp_listen: has no effect while server.rtmp is false",
    ),
    (
        "[operations]\nlisten = \"0.0.0.0:8080\"\n",
        "o.toml:2:10: operations.listen: 0.0.0.0:8080 is the port of server.listen \
         (127.0.0.1:8080); choose another one, so that metrics are not public",
    ),
    (
        "[operations]\nhosts = [\"origin\", \"http://origin.internal:9464\"]\n",
        "o.toml:2:9: operations.hosts: \"http://origin.internal:9464\" is no name of a host; write it \
         without scheme, port and path, such as \"origin.internal\"",
    ),
    (
        "[access]\nwatch = \"token\"\n",
        "o.toml:2:9: access.watch: \"token\" without access.token_keys, access.jwt_keys or \
         access.hook lets nobody watch; set one of them",
    ),
    (
        "[access]\njwt_issuer = \"me\"\n",
        "o.toml:2:14: access.jwt_issuer: has no effect while access.watch is \"everybody\"; \
         set that to \"token\"",
    ),
    (
        "[access]\nwatch = \"token\"\ntoken_keys = [\"01234567890123456789\"]\n\
         cookie_origins = [\"https://x.example\"]\n",
        "o.toml:4:18: access.cookie_origins: has no effect unless access.token_place is \
         \"cookie\"",
    ),
    (
        "[access]\nwatch = \"token\"\ntoken_keys = [\"01234567890123456789\"]\n\
         token_place = \"cookie\"\ncookie_origins = [\"x.example\"]\n",
        "o.toml:5:18: access.cookie_origins: \"x.example\" is no site; write \"https://HOST\" \
         or \"https://HOST:PORT\", without anything after it",
    ),
];

/// What is wrong with a secret, which is never repeated.
const SECRETS: &[(&str, &str)] = &[
    (
        "[access]\nhook = \"ftp://x.example/?key=hunter2-hunter2\"\n",
        "o.toml:2:8: access.hook: should be a URL, such as \"https://auth.example/allow\", or \"\" \
         for none",
    ),
    (
        "[access]\nhook = \"https://x.example\"\nhook_ca = \"/nonexistent\"\n",
        "o.toml:3:11: access.hook_ca: /nonexistent cannot be read: No such file or directory (os \
         error 2)",
    ),
    (
        "[access]\nhook = \"https://x.example\"\nhook_ca = \"Cargo.toml\"\n",
        "o.toml:3:11: access.hook_ca: Cargo.toml holds no certificate of an authority in PEM",
    ),
    (
        "[access]\ntoken_keys = [5]\n",
        "o.toml:2:15: access.token_keys: is a number, but should be a text or { file = \"PATH\" }",
    ),
    (
        "[access]\njwt_keys = [5]\n",
        "o.toml:2:13: access.jwt_keys: should be a table of id, algorithm and secret or public_key",
    ),
    (
        "[access]\njwt_keys = [\n  { algorithm = \"HS256\", secret = \"01234567890123456789\" },\n  \
         { algorithm = \"HS256\", secret = \"01234567890123456789\" },\n]\n",
        "o.toml:4:3: access.jwt_keys: two keys have the id \"\"",
    ),
    (
        "[access]\njwt_keys = [{ algorithm = \"ES256\", public_key = { file = \"/nonexistent\" } }]\n",
        "o.toml:2:58: access.jwt_keys: /nonexistent cannot be read: No such file or directory (os \
         error 2)",
    ),
    (
        "[access]\njwt_keys = [{ algorithm = \"ES256\", public_key = { path = \"k.pem\" } }]\n",
        "o.toml:2:49: access.jwt_keys: should be a text or { file = \"PATH\" }",
    ),
    (
        "[access.publish_keys]\nshow = \"hunter2-hunter2\"\n",
        "o.toml:2:8: access.publish_keys: is 15 bytes long and could be guessed; use at least \
         20 random ones, as `openssl rand -hex 20` makes them",
    ),
    (
        "[access]\npublish_keys = \"hunter2-hunter2\"\n",
        "o.toml:2:16: access.publish_keys: is a text, but should be a table of stream names \
         and keys, such as { show = \"KEY\" }",
    ),
    (
        "[access]\npublish_keys = { \"a/b\" = \"hunter2-hunter2\" }\n",
        "o.toml:2:18: access.publish_keys: \"a/b\" is no name of a stream, nor the beginning \
         of names and a *",
    ),
    (
        "[access]\npublish_keys = { show = \"sha256:hunter2-hunter2\" }\n",
        "o.toml:2:25: access.publish_keys: after sha256: there should be 64 hexadecimal digits",
    ),
    (
        "[access]\npublish_keys = { show = { path = \"hunter2-hunter2\" } }\n",
        "o.toml:2:25: access.publish_keys: should be a text or { file = \"PATH\" }",
    ),
    (
        "[access]\ntoken_keys = \"hunter2-hunter2\"\n",
        "o.toml:2:14: access.token_keys: is a text, but should be a list of secrets",
    ),
    (
        "[access]\ntoken_keys = [\"hunter2-hunter2\"]\n",
        "o.toml:2:15: access.token_keys: is 15 bytes long and could be guessed; use at least \
         20 random ones, as `openssl rand -hex 20` makes them",
    ),
    (
        "[access]\ntoken_keys = [{ file = \"/nonexistent\" }]\n",
        "o.toml:2:24: access.token_keys: /nonexistent cannot be read: No such file or \
         directory (os error 2)",
    ),
    (
        "[access]\njwt_keys = [{ algorithm = \"none\" }]\n",
        "o.toml:2:27: access.jwt_keys: \"none\" is not HS256, ES256 or EdDSA",
    ),
    (
        "[access]\njwt_keys = [{ id = \"a\" }]\n",
        "o.toml:2:13: access.jwt_keys: needs an algorithm: HS256, ES256 or EdDSA",
    ),
    (
        "[access]\njwt_keys = [{ algorithm = \"HS256\", public_key = \"hunter2-hunter2\" }]\n",
        "o.toml:2:13: access.jwt_keys: HS256 needs a secret alone",
    ),
    (
        "[access]\njwt_keys = [{ algorithm = \"ES256\", secret = \"hunter2-hunter2\" }]\n",
        "o.toml:2:13: access.jwt_keys: ES256 and EdDSA need a public_key alone",
    ),
    (
        "[access]\njwt_keys = [{ algorithm = \"ES256\", public_key = \"hunter2-hunter2\" }]\n",
        "o.toml:2:49: access.jwt_keys: is no public key of ES256 in PEM",
    ),
    (
        "[access]\njwt_keys = [{ kid = \"a\" }]\n",
        "o.toml:2:15: access.jwt_keys: \"kid\" is not id, algorithm, secret or public_key",
    ),
];

/// `print-config` and the code cannot drift apart.
#[test]
fn the_printed_file_gives_the_defaults_and_names_every_key() {
    let printed = default_file();
    let config = good(&printed);
    let defaults = Layers::new().build().unwrap();
    assert_eq!(format!("{config:?}"), format!("{defaults:?}"));
    for key in settings::keys() {
        let line = format!("\n{} = {}\n", key.name(), (key.default)());
        assert!(printed.contains(&line), "{line}");
        assert!(!key.about.is_empty());
    }
}

#[test]
fn the_defaults_are_those_of_the_library() {
    let config = Layers::new().build().unwrap();
    let ours = format!("{:?}", config.origin_config());
    let theirs = format!("{:?}", crate::OriginConfig::new());
    assert_eq!(ours, theirs);
    assert_eq!(config.limits(), crate::Limits::new());
}

#[test]
fn the_reference_in_docs_is_the_code() {
    let docs = include_str!("../../../../docs/configuration.md");
    let reference = reference();
    assert!(
        docs.ends_with(&reference),
        "docs/configuration.md should end with this:\n\n{reference}"
    );
}

#[test]
fn mistakes_say_where_and_what_would_be_right() {
    for (text, wanted) in MISTAKES {
        assert_eq!(first(text), *wanted, "{text}");
    }
}

#[test]
fn contradictions_name_both_sides_and_a_way_out() {
    for (text, wanted) in CONTRADICTIONS {
        assert_eq!(first(text), *wanted, "{text}");
    }
}

#[test]
fn keys_and_secrets_are_checked_and_never_repeated() {
    const SECRET: &str = "hunter2-hunter2";
    for (text, wanted) in SECRETS {
        let said = first(text);
        assert_eq!(said, *wanted, "{text}");
        assert!(!said.contains(SECRET));
    }
    let config = good(
        "[access]\nwatch = \"token\"\ntoken_keys = [\"a very secret secret\"]\n\
         publish_keys = { \"*\" = \"another very secret one\" }\n\
         jwt_keys = [{ algorithm = \"HS256\", secret = \"a third very secret one\" }]\n",
    );
    for printed in [
        format!("{config:?}"),
        format!("{:?}", config.origin_config()),
    ] {
        assert!(!printed.contains("very secret"), "{printed}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let said = all("[streams]\ndemo = 1\n[server]\nlisten = 2\n[log]\nformat = 3\nfoo = 4\n");
    let places: Vec<_> = said
        .iter()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        ["o.toml:2:8", "o.toml:4:10", "o.toml:6:10", "o.toml:7:1"]
    );
}

#[test]
fn flags_go_over_the_environment_and_that_over_the_file() {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut layers = Layers::new();
    layers.text(
        "o.toml",
        "[streams]\ntarget_duration = 3\nwindow_segments = 20\npart_target = \"300ms\"\n",
    );
    let strange = layers.environment(
        [
            variable("LLHLS_STREAMS_TARGET_DURATION", "4"),
            variable("LLHLS_STREAMS_PART_TARGET", "400ms"),
            variable("LLHLS_ACCESS_JWT_ISSUER", "me"),
            variable("LLHLS_STREAMS_PART_TARGT", "400ms"),
            variable("LLHLS_SERVICE_HOST", "10.0.0.1"),
            variable("PATH", "/bin"),
        ]
        .into_iter(),
    );
    layers.flag("--set", "streams.part_target", "500ms");
    layers.flag("--no-demo", "streams.demo", "false");
    assert_eq!(
        strange,
        [
            "LLHLS_STREAMS_PART_TARGT is no setting; LLHLS_STREAMS_PART_TARGET is meant?",
            "LLHLS_SERVICE_HOST is no setting; LLHLS_SERVER_LISTEN is meant?",
        ]
    );
    let errors = layers.build().unwrap_err();
    assert_eq!(
        errors.to_string(),
        "LLHLS_ACCESS_JWT_ISSUER: access.jwt_issuer: has no effect while access.watch is \
         \"everybody\"; set that to \"token\""
    );

    let mut layers = Layers::new();
    layers.text("o.toml", "[streams]\nwindow_segments = 20\n");
    drop(layers.environment([variable("LLHLS_STREAMS_TARGET_DURATION", "4")].into_iter()));
    layers.flag("--set", "streams.part_target", "500ms");
    layers.flag("--no-demo", "streams.demo", "false");
    let streams = layers.build().unwrap().streams;
    assert_eq!((streams.window_segments, streams.target_duration), (20, 4));
    assert_eq!((streams.part_target, streams.demo), (Millis(500), false));
}

#[test]
fn mistakes_on_the_command_line_name_the_flag() {
    let said = |flag: &str, key: &str, value: &str| {
        let mut layers = Layers::new();
        layers.flag(flag, key, value);
        layers.build().unwrap_err().to_string()
    };
    assert_eq!(
        said("--listen", "server.listen", "here"),
        "--listen: server.listen: \"here\" is not an address with a port, such as \
         \"127.0.0.1:8080\""
    );
    assert_eq!(
        said("--set", "streams.part", "1s"),
        "--set: streams.part: there is no such key; streams.part_target is meant?"
    );
    let mut layers = Layers::new();
    drop(layers.environment([("LLHLS_STREAMS_DEMO".to_owned(), "nope".to_owned())].into_iter()));
    assert_eq!(
        layers.build().unwrap_err().to_string(),
        "LLHLS_STREAMS_DEMO: streams.demo: \"nope\" is not true or false"
    );
}

#[test]
fn the_worst_case_follows_the_bounds() {
    let small = good(
        "[memory]\ntotal = \"256MiB\"\n[server]\nconnections = 100\nconnections_per_address = 100\n",
    );
    let default = Layers::new().build().unwrap();
    assert!(small.worst_case().total() < default.worst_case().total());
    let total = default.worst_case().total();
    assert!(
        ((2 << 30)..(4 << 30)).contains(&total),
        "{total}: a small server"
    );
    let encoders = good("[ingest]\ntotal = \"64MiB\"\nrtmp_connections = 1\n");
    assert!(encoders.worst_case().total() + (384 << 20) < total);
    let printed = default.worst_case().to_string();
    assert!(
        printed.contains("media") && printed.contains("16 renditions of 64MiB"),
        "{printed}"
    );
}

/// A complaint that no table above provokes fails here: it has to be put into one.
#[test]
fn every_complaint_is_in_one_of_the_tables() {
    let tables = [MISTAKES, CONTRADICTIONS, SECRETS].concat();
    for (text, _) in tables {
        drop(all(text));
    }
    let folder = std::env::temp_dir().join(format!("llhls-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("root.pem");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&path, made.cert.pem()).unwrap();
    let text = format!(
        "[access]\nhook = \"http://x.example\"\nhook_ca = {:?}\n",
        path.to_str().unwrap()
    );
    assert_eq!(
        first(&text),
        "o.toml:3:11: access.hook_ca: has no effect unless access.hook is an https URL"
    );
    std::fs::remove_dir_all(&folder).unwrap();
    let seen = error::seen::places();
    let mut unseen = Vec::new();
    for (file, source) in [
        ("config/values.rs", include_str!("values.rs")),
        ("config/values/keys.rs", include_str!("values/keys.rs")),
        ("config/check.rs", include_str!("check.rs")),
    ] {
        let mut is_macro = false;
        let mut complaints = 0;
        for (line, number) in source.lines().zip(1..) {
            // What a macro complains of counts for the line that calls it.
            is_macro = line.starts_with("macro_rules!") || (is_macro && line != "}");
            let complains = ["Wrong::new(", "Wrong::kind::<", ".contradiction("];
            // A system without authorities is made in `process`; of the last guard nobody knows how to
            // make it speak.
            let elsewhere = ["NO_AUTHORITIES", "error.to_string()"];
            if elsewhere.iter().any(|words| line.contains(words)) {
                continue;
            }
            if is_macro || !complains.iter().any(|call| line.contains(call)) {
                continue;
            }
            complaints += 1;
            if !seen
                .iter()
                .any(|(path, at)| path.ends_with(file) && *at == number)
            {
                unseen.push(format!("{file}:{number}: {}", line.trim()));
            }
        }
        assert!(
            complaints > 5,
            "{file} is not written as this test reads it"
        );
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}
