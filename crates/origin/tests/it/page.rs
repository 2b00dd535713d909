//! The pages: what a browser is sent, and with which headers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use http::StatusCode;
use origin::OriginConfig;

use crate::support::Server;

/// The page's sources.
fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web")
}

/// Files that a browser is meant to get, as paths below `web/`.
fn sources(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(web()).unwrap().to_str().unwrap();
        if path.is_dir() {
            if !matches!(name, "node_modules" | "tests" | "vendor") {
                sources(&path, found);
            }
        } else if [".js", ".css", ".html", ".svg"]
            .iter()
            .any(|it| name.ends_with(it))
        {
            found.insert(name.to_owned());
        }
    }
}

#[tokio::test]
async fn every_file_of_the_player_is_served_as_it_is() {
    let server = Server::start().await;
    let mut files = BTreeSet::new();
    sources(&web(), &mut files);
    files.retain(|name| !name.starts_with("status"));
    assert!(files.len() > 8, "{files:?}");
    let page = server.get("/").await;
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    for name in files {
        let path = match name.as_str() {
            "index.html" => "/".to_owned(),
            name => format!("/{name}"),
        };
        let answer = server.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} is not in the list");
        assert_eq!(answer.body, std::fs::read(web().join(&name)).unwrap());
        let kind = match name.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(answer.header("content-type"), kind, "{path}");
        // All at once, instead of one import after another.
        assert!(
            page.contains(&format!("=\"{path}\"")) || path == "/",
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_file_of_the_status_page_is_for_operators_alone() {
    let server = Server::start().await;
    let operators = crate::sight::operators(&server).await;
    let mut files = BTreeSet::new();
    sources(&web(), &mut files);
    let is_shared = |name: &String| name.starts_with("shared") || name == "icon.svg";
    files.retain(|name| name.starts_with("status") || is_shared(name));
    assert!(files.len() > 12, "{files:?}");
    for name in files {
        let path = match name.as_str() {
            "status/status.html" => "/status".to_owned(),
            name => format!("/{name}"),
        };
        let answer = server.get_from(operators, &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} is not in the list");
        assert_eq!(answer.body, std::fs::read(web().join(&name)).unwrap());
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"));
        let public = server.get(&path).await.status;
        let seen = if is_shared(&name) {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        assert_eq!(public, seen, "{path}");
    }
    let bare = server.get_from(operators, "/").await;
    assert_eq!(bare.header("location"), "/status");
}

#[tokio::test]
async fn a_page_may_load_what_is_of_its_server_and_nothing_else() {
    let server = Server::start().await;
    let answer = server.get("/").await;
    let policy = answer.header("content-security-policy");
    for wanted in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
    ] {
        assert!(policy.split("; ").any(|it| it == wanted), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!policy.contains("http"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let server = Server::start().await;
    for path in ["/", "/player.js", "/hls.js"] {
        let plain = server.get(path).await;
        let packed = server.get_with(path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(plain.header("content-encoding"), "");
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert_eq!(packed.header("vary"), "accept-encoding", "{path}");
        assert!(packed.body.len() < plain.body.len() / 2 + 64, "{path}");
        assert_ne!(plain.header("etag"), packed.header("etag"), "{path}");
        let etag = plain.header("etag");
        let again = server.get_with(path, &[("if-none-match", etag)]).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}");
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), etag);
        let other = server
            .get_with(path, &[("if-none-match", "\"other\"")])
            .await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn another_player_library_can_be_given_and_a_missing_one_is_made_up_for() {
    let built_in = Server::start().await.get("/hls.js").await;
    assert_eq!(built_in.body.len() > 100_000, cfg!(player_library));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("hls-{}.js", std::process::id()));
    std::fs::write(&file, "another").unwrap();
    let server = Server::of(OriginConfig::new().player_library(&file)).await;
    assert_eq!(server.get("/hls.js").await.body, "another");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(server.get("/hls.js").await.body, built_in.body);
}
