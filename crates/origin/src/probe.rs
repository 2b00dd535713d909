//! `origin health`: whether the origin that this configuration describes is ready, for whoever has
//! no HTTP client at hand, as a container that holds nothing else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use origin::config::Config;

use crate::Failure;

/// An origin that has not answered by now is in trouble.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than `/readyz` ever says.
const ANSWER_BYTES: usize = 4_096;

/// What `/readyz` says on the operators' listener, or where there is none on the public one.
pub(crate) async fn ready(config: &Config) -> Result<String, Failure> {
    let listener = config.operations.listen.unwrap_or(config.server.listen);
    let url = format!("http://{}/readyz", reachable(listener));
    let answer = tokio::time::timeout(PATIENCE, ask(&url)).await;
    let answer = answer.map_err(|_| format!("{url}: no answer in {} s", PATIENCE.as_secs()))?;
    let (status, text) = answer.map_err(|error| format!("{url}: {error}"))?;
    if status == StatusCode::OK {
        Ok(text)
    } else {
        Err(format!("{url}: {status}: {}", text.trim_end()).into())
    }
}

async fn ask(url: &str) -> Result<(StatusCode, String), Failure> {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.get(url.parse()?).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES);
    let body = body.collect().await.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok((status, text))
}

/// Where a listener for all addresses is to be found from here.
fn reachable(mut listener: SocketAddr) -> SocketAddr {
    if listener.ip().is_unspecified() {
        listener.set_ip(match listener {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    listener
}
