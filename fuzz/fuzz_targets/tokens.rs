//! What strangers present at the gate: nothing but a token that was signed opens a stream, and
//! nothing makes the gate panic or wait.

#![no_main]

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use arbitrary::Arbitrary;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Empty;
use libfuzzer_sys::fuzz_target;
use origin::access::{Access, AccessConfig, Secret, StreamPattern, VerifyingKey, sign};
use origin::config::TokenPlace;
use origin::{Origin, OriginConfig};
use tokio::runtime::{Builder, Runtime};
use tower::Service as _;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    place: u8,
    path: &'a str,
    query: Option<&'a str>,
    cookie: Option<&'a str>,
    authorization: Option<&'a str>,
    /// Where `{}` is in any of them, a good token is put in its place.
    good: bool,
}

const PLACES: [TokenPlace; 3] = [TokenPlace::Path, TokenPlace::Query, TokenPlace::Cookie];

/// Pages, which have no gate, are compressed on its threads when they are asked for first.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let built = Builder::new_current_thread().build();
    built.expect("a runtime without drivers needs nothing of the system")
});

static SECRET: LazyLock<Secret> = LazyLock::new(|| Secret::new("a secret of the fuzzer's"));

/// An origin for each place. It has no streams, so whoever is let in finds nothing: 404.
static ORIGINS: LazyLock<[Origin; 3]> = LazyLock::new(|| {
    PLACES.map(|place| {
        let access = AccessConfig::new()
            .viewers_need_tokens(place)
            .token_key(SECRET.clone())
            .jwt_key("", VerifyingKey::hs256(b"another secret of the fuzzer's"))
            .jwt_key("k", VerifyingKey::hs256(b"a third secret of the fuzzer's"));
        Origin::new(OriginConfig::new().access(Access::new(access))).expect("the defaults are good")
    })
});

static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let show = StreamPattern::parse("show").expect("a name");
    sign(
        &SECRET,
        &show,
        SystemTime::now() + Duration::from_secs(86_400),
    )
});

fuzz_target!(|input: Input<'_>| {
    let fill = |text: &str| {
        if input.good {
            text.replace("{}", &TOKEN)
        } else {
            text.to_owned()
        }
    };
    let mut uri = fill(input.path);
    if let Some(query) = input.query {
        uri = format!("{uri}?{}", fill(query));
    }
    let mut request = Request::builder().uri(&uri);
    for (name, value) in [
        ("cookie", input.cookie),
        ("authorization", input.authorization),
    ] {
        if let Some(value) = value {
            request = request.header(name, fill(value));
        }
    }
    let Ok(request) = request.body(Empty::<Bytes>::new()) else {
        return;
    };
    let presented = [
        Some(input.path),
        input.query,
        input.cookie,
        input.authorization,
    ];
    let has_token = input.good && presented.iter().flatten().any(|text| text.contains("{}"));
    let is_live = request.uri().path().starts_with("/live/");

    let place = usize::from(input.place) % PLACES.len();
    let mut service = ORIGINS[place].service();
    let _entered = RUNTIME.enter();
    let answer = pin!(service.call(request));
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(answer)) => {
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
            assert!(
                !is_live || has_token || refused.contains(&answer.status()),
                "{uri} was let in: {}",
                answer.status()
            );
        }
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => assert!(!uri.contains("/live/"), "{uri} was not decided at once"),
    }
});
