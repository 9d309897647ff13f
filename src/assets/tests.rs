use super::*;

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn vendored_files_are_the_ones_that_were_reviewed() {
    for (name, bytes, sha256) in [
        ("htmx", HTMX.as_bytes(), "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"),
        ("hx-sse", HX_SSE.as_bytes(), "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103"),
        ("inter", FONT, "c9f64a3c484492ec4ffce6d6a9f8e34dc08f9ca5d927ca35f343697e1541ea76"),
    ] {
        assert_eq!(hex(bytes), sha256, "{name} is another file now; THIRD_PARTY.md says where it came from");
    }
}

#[test]
fn an_asset_is_kept_for_a_year_under_a_name_made_of_its_content() {
    let path = url("nest.css");

    let answer = serve(path, &HeaderMap::new()).unwrap();

    assert!(path.starts_with("/assets/nest.") && path.ends_with(".css") && path.len() > 25, "{path}");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], FOR_EVER);
    assert!(serve("/assets/nest.css", &HeaderMap::new()).is_none());
}

#[test]
fn a_browser_that_takes_gzip_gets_less() {
    let mut request = HeaderMap::new();
    request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br;q=1.0, gzip;q=0.8"));

    let packed = serve(url("bundle.js"), &request).unwrap();
    request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip;q=0"));
    let plain = serve(url("bundle.js"), &request).unwrap();

    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(packed.body().len() * 2 < plain.body().len());
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
}

#[test]
fn what_the_browser_has_is_not_sent_again() {
    let mut request = HeaderMap::new();
    let etag = serve(url("icon.svg"), &request).unwrap().headers()[header::ETAG].clone();
    request.insert(header::IF_NONE_MATCH, etag);

    let answer = serve(url("icon.svg"), &request).unwrap();

    assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
    assert!(answer.body().is_empty());
}

#[test]
fn what_every_page_loads_stays_small() {
    let mut request = HeaderMap::new();
    request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let weight = |name| serve(url(name), &request).unwrap().body().len();

    let total = weight("nest.css") + weight("bundle.js") + weight("inter.woff2");

    // The budget for a page is 60 kB; what is left is for its HTML.
    assert!(total <= 52_000, "style, script and font weigh {total} bytes");
}

#[test]
fn the_style_sheet_finds_its_font_under_the_name_that_is_served() {
    let style = serve(url("nest.css"), &HeaderMap::new()).unwrap();
    let style = std::str::from_utf8(style.body()).unwrap();

    let font = url("inter.woff2").trim_start_matches("/assets/");
    assert!(style.contains(font) && !style.contains("/*"));
}
