use super::*;

/// What the captured runs said, by the name of the capture.
const CAPTURED: [(&str, &str, &str, bool); 24] = [
    (
        "err_401",
        "[generic] 401: Unable to download webpage: HTTP Error 401: Unauthorized (caused by <HTTPError 401: Unauthorized>)",
        "needs_sign_in",
        false,
    ),
    (
        "err_403",
        "[generic] x: Unable to download webpage: HTTP Error 403: Forbidden (caused by <HTTPError 403: Forbidden>)",
        "site_refused",
        false,
    ),
    (
        "err_404",
        "[generic] 404: Unable to download webpage: HTTP Error 404: Not Found (caused by <HTTPError 404: Not Found>)",
        "not_found",
        false,
    ),
    (
        "err_429",
        "[generic] 429: Unable to download webpage: HTTP Error 429: Too Many Requests (caused by <HTTPError 429: Too Many Requests>)",
        "rate_limited",
        true,
    ),
    (
        "err_451",
        "[generic] 451: Unable to download webpage: HTTP Error 451: Unavailable For Legal Reasons (caused by <HTTPError 451: Unavailable For Legal Reasons>)",
        "blocked_legally",
        false,
    ),
    (
        "err_500",
        "[generic] 500: Unable to download webpage: HTTP Error 500: Internal Server Error (caused by <HTTPError 500: Internal Server Error>)",
        "site_error",
        true,
    ),
    (
        "err_badfmtsyntax",
        "SyntaxError: Invalid format specification: Missing closing/opening brackets or parenthesis",
        "format_unavailable",
        false,
    ),
    (
        "err_badformat",
        "[generic] single: Requested format is not available. Use --list-formats for a list of available formats",
        "format_unavailable",
        false,
    ),
    ("err_badopt", "yt-dlp: error: no such option: --no-such-option", "internal", false),
    ("err_empty", "[generic] '' is not a valid URL", "bad_url", false),
    (
        "err_fileurl",
        "file:// URLs are disabled by default in yt-dlp for security reasons. Use --enable-file-urls to enable at your own risk.",
        "bad_url",
        false,
    ),
    (
        "err_nohost",
        "[generic] x: Unable to download webpage: HTTPConnection(host='nonexistent.invalid', port=80): Failed to resolve 'nonexistent.invalid' ([Errno -2] Name or service not known)",
        "unknown_host",
        true,
    ),
    ("err_notaurl", "[generic] 'hello world' is not a valid URL", "bad_url", false),
    (
        "err_outdir",
        "Unable to create directory: [Errno 2] No such file or directory: '/proc/nope'",
        "folder_not_writable",
        false,
    ),
    (
        "err_refused",
        "[generic] x: Unable to download webpage: HTTPConnection(host='127.0.0.1', port=21399): Failed to establish a new connection: [Errno 111] Connection refused",
        "connection_refused",
        true,
    ),
    ("net_broken0", "[download] Got error: 2428732 bytes read, 3643100 more expected", "cut_off", true),
    (
        "net_broken3",
        "[download] Got error: 752240 bytes read, 1128360 more expected. Giving up after 3 retries",
        "cut_off",
        true,
    ),
    ("net_deadmid", "unable to download video data: HTTP Error 404: Not Found", "not_found", false),
    (
        "net_stall",
        "[download] Got error: HTTPConnectionPool(host='127.0.0.1', port=21300): Read timed out.. Giving up after 1 retries",
        "timed_out",
        true,
    ),
    ("disk_full", "unable to write data: [Errno 28] No space left on device", "no_space", true),
    ("disk_full_dash", "Unable to download video: [Errno 28] No space left on device", "no_space", true),
    (
        "long_default",
        "unable to open for writing: [Errno 36] File name too long: 'x.mp4'",
        "name_too_long",
        false,
    ),
    ("security 5b", "No connection adapters were found for 'file:///etc/passwd'", "bad_url", false),
    (
        "ftp",
        "[generic] x: Unable to download webpage: Remote end closed connection without response (caused by TransportError('Remote end closed connection without response'))",
        "cut_off",
        true,
    ),
];

/// What cannot be produced here; the sentences are those of yt-dlp's sources.
const QUOTED: [(&str, &str, bool); 28] = [
    (
        "[generic] x: Unable to download webpage: HTTP Error 403: Refused by MediaNest (address_not_public) (caused by …)",
        "address_not_public",
        false,
    ),
    (
        "[generic] x: Unable to download webpage: Tunnel connection failed: 403 Refused by MediaNest (host_not_listed)",
        "host_not_listed",
        false,
    ),
    (
        "[generic] x: Unable to download webpage: ('Unable to connect to proxy', NewConnectionError(…[Errno 111] Connection refused…))",
        "egress_down",
        true,
    ),
    ("[x] 1: This video is not available from your location due to geo restriction", "geo_blocked", false),
    ("[youtube] x: The uploader has not made this video available in your country", "geo_blocked", false),
    ("[x] 1: This video is only available for registered users. Use --cookies", "needs_sign_in", false),
    ("[x] 1: This video is DRM protected", "drm", false),
    (
        "[x] 1: The requested site is known to use DRM protection. It will NOT be supported by yt-dlp.",
        "drm",
        false,
    ),
    ("[youtube] x: Sign in to confirm you’re not a bot. Use --cookies-from-browser", "bot_check", true),
    (
        "[x] 1: Got HTTP Error 403 caused by Cloudflare anti-bot challenge; try again with --extractor-args",
        "bot_check",
        true,
    ),
    (
        "[youtube] x: Sign in to confirm your age. This video may be inappropriate for some users.",
        "age_restricted",
        false,
    ),
    (
        "[youtube] x: Join this channel to get access to members-only content like this video",
        "members_only",
        false,
    ),
    ("[youtube] x: Private video. Sign in if you've been granted access to this video", "private", false),
    ("[youtube] x: Video unavailable. This video has been removed by the uploader", "not_found", false),
    ("[youtube] x: This live event will begin in 3 hours.", "live_not_started", true),
    ("[youtube] x: Premieres in 20 minutes", "live_not_started", true),
    ("[twitch:stream] x: The channel is not currently live", "live_not_started", true),
    ("Unsupported URL: https://example.com/", "unsupported", false),
    ("unable to download video data: HTTP Error 403: Forbidden", "site_refused", true),
    ("[x] 1: HTTP Error 410: Gone", "not_found", false),
    ("[x] 1: HTTP Error 503: Service Unavailable", "site_error", true),
    ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate", "insecure", true),
    (
        "You have requested merging of multiple formats but ffmpeg is not installed. Aborting",
        "ffmpeg_missing",
        false,
    ),
    ("Postprocessing: WARNING: unable to obtain file audio codec with ffprobe", "no_sound", false),
    ("Postprocessing: Conversion failed!", "processing", false),
    ("[Errno 27] File too large", "too_large", false),
    ("[x] 1: Unable to download webpage: HTTP Error 502: Host Not Reachable", "connection_refused", true),
    ("something nobody has seen before", "unknown", true),
];

#[test]
fn captured_errors_have_a_code_and_plain_words() {
    for (capture, said, code, retryable) in CAPTURED {
        let failure = classify(said);

        assert_eq!((failure.code.as_str(), failure.retryable), (code, retryable), "{capture}: {said}");
        assert!(
            failure.message.ends_with('.') && !failure.message.contains("yt-dlp:"),
            "{}",
            failure.message
        );
    }
}

#[test]
fn errors_that_only_the_world_can_produce_have_one_too() {
    for (said, code, retryable) in QUOTED {
        let failure = classify(said);

        assert_eq!((failure.code.as_str(), failure.retryable), (code, retryable), "{said}");
    }
}

#[test]
fn every_kind_is_reachable_and_written_in_lower_case() {
    for kind in KINDS {
        let first_words: Vec<&str> = kind.words.iter().filter_map(|group| group.split('|').next()).collect();
        let failure = classify(&first_words.join(" "));

        assert_eq!(failure.code, kind.code, "{first_words:?}");
        assert!(kind.words.iter().all(|group| *group == group.to_lowercase()));
    }
}

#[test]
fn the_detail_keeps_the_cause_and_loses_the_places() {
    let failure =
        classify("Unable to create directory: [Errno 13] Permission denied: '/srv/media/incoming/7'");

    assert_eq!(
        failure.detail.as_deref(),
        Some("Unable to create directory: [Errno 13] Permission denied: '…'")
    );
}
