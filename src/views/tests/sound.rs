//! What every page must keep to: the content policy, the base path, icons that exist, labels.

use super::{Words, every_page};

/// The values of an attribute, in order.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn nothing_needs_more_than_the_content_policy_allows() {
    for (page, html) in every_page(&Words::plain()) {
        for forbidden in
            [" style=", "<style", " onclick", " hx-on", "js:", "javascript:", "http://www.w3.org/1999/xlink"]
        {
            assert!(!html.contains(forbidden), "{page} has {forbidden}");
        }
        let scripts = html.matches("<script").count();
        assert_eq!(scripts, html.matches("<script src=\"/medianest/assets/bundle.").count(), "{page}");
        for trigger in values(&html, "hx-trigger") {
            assert!(!trigger.contains('['), "{page} has a trigger filter, which needs eval: {trigger}");
        }
    }
}

#[test]
fn every_address_is_below_the_base_path() {
    for (page, html) in every_page(&Words::plain()) {
        for attribute in
            ["href", "src", "action", "formaction", "hx-get", "hx-post", "hx-sse:connect", "data-login"]
        {
            for address in values(&html, attribute) {
                let ours =
                    address.starts_with("/medianest/") || address.starts_with('#') || address.is_empty();
                let outside = ["https://video.example/", "https://plex.tv/", "https://app.plex.tv/"];
                let outside = outside.iter().any(|site| address.starts_with(site));
                assert!(ours || outside, "{page}: {attribute}={address}");
            }
        }
    }
}

#[test]
fn every_icon_that_is_used_is_in_the_page() {
    for (page, html) in every_page(&Words::plain()) {
        if !html.contains("<html") {
            continue;
        }
        for icon in values(&html, "href")
            .into_iter()
            .filter(|href| href.starts_with("#i-") || href.starts_with("#m-"))
        {
            assert!(html.contains(&format!("<symbol id=\"{}\"", &icon[1..])), "{page} has no {icon}");
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    for (page, html) in every_page(&Words::plain()) {
        let open_to_all = matches!(page, "login" | "setup" | "plex-back" | "plex-refused" | "plex-go");
        for form in html.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next()) {
            let unsafe_form = form.contains("method=\"post\"");
            assert_eq!(form.contains("name=\"_csrf\""), unsafe_form && !open_to_all, "{page}: <form{form}");
        }
        if html.contains("class=\"app") {
            assert!(html.contains("hx-headers:inherited='{\"X-CSRF-Token\":\"csrf-token_1\"}'"), "{page}");
        }
    }
}

#[test]
fn every_element_has_an_id_of_its_own() {
    for (page, html) in every_page(&Words::plain()) {
        let mut ids = values(&html, "id");
        ids.sort_unstable();
        for pair in ids.windows(2) {
            assert_ne!(pair[0], pair[1], "{page} has #{} twice", pair[0]);
        }
    }
}

#[test]
fn every_field_has_a_label() {
    for (page, html) in every_page(&Words::plain()) {
        for tag in ["<input", "<select", "<textarea"] {
            for field in html.split(tag).skip(1).filter_map(|rest| rest.split('>').next()) {
                let id = values(field, "id").first().copied().unwrap_or_default();
                let labelled = field.contains("type=\"hidden\"")
                    || field.contains("aria-label=")
                    || field.contains("aria-hidden=")
                    || (!id.is_empty() && html.contains(&format!("for=\"{id}\"")))
                    || is_inside_a_label(&html, field);
                assert!(labelled, "{page}: {tag}{field}");
            }
        }
    }
}

fn is_inside_a_label(html: &str, field: &str) -> bool {
    html.split("<label")
        .skip(1)
        .filter_map(|rest| rest.split("</label>").next())
        .any(|label| label.contains(field))
}

#[test]
fn the_dashboard_stays_light() {
    let (_, html) = every_page(&Words::plain()).swap_remove(0);

    assert!(html.len() < 48_000, "{} bytes of HTML", html.len());
}

/// Not a test of anything: `MEDIANEST_GALLERY=dir cargo test gallery` writes every page into
/// `dir`, to be looked at.
#[test]
fn gallery() {
    let Some(folder) = std::env::var_os("MEDIANEST_GALLERY") else { return };
    for (page, html) in every_page(&Words::plain()) {
        std::fs::write(std::path::Path::new(&folder).join(format!("{page}.html")), html).unwrap();
    }
}
