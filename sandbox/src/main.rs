//! Runs the stand-ins by hand and for the browser tests: prints their addresses as one line of
//! JSON and stays until its standard input ends or it is killed.
//!
//! `sandbox [--cache DIR] [--listen ADDR] [--service NAME]...`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use sandbox::{Services, VideoSite};
use serde_json::json;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("sandbox: {message}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<(), String> {
    let options = Options::parse(std::env::args().skip(1))?;
    let site = VideoSite::start(&options.cache, options.listen).await.map_err(|error| error.to_string())?;
    let names: Vec<&str> = options.services.iter().map(String::as_str).collect();
    let services = Services::start(&names).await.map_err(|error| error.to_string())?;

    let urls: serde_json::Map<String, serde_json::Value> =
        services.names().map(|name| (name.to_owned(), json!(services.url(name)))).collect();
    println!(
        "{}",
        json!({
            "video_site": site.url(""),
            "neighbour": format!("http://{}", site.neighbour()),
            "control": format!("http://{}", services.control()),
            "services": urls,
        })
    );
    wait_for_the_end().await;
    Ok(())
}

/// The end of standard input is the end of whoever started us.
async fn wait_for_the_end() {
    let reading = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    let _ = tokio::task::spawn_blocking(reading).await;
}

struct Options {
    cache: PathBuf,
    listen: SocketAddr,
    services: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            cache: PathBuf::from(".cache/sandbox"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            services: Vec::new(),
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--cache" => options.cache = PathBuf::from(value),
                "--listen" => {
                    options.listen = value.parse().map_err(|_| format!("{value} is not host:port"))?
                }
                "--service" => options.services.push(value),
                _ => return Err(format!("{name} is not one of --cache, --listen, --service")),
            }
        }
        Ok(options)
    }
}
