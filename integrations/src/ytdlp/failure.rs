//! What an `ERROR:` of yt-dlp means for a person, and whether to try again.
//!
//! yt-dlp has no error codes, only sentences (contracts/yt-dlp.md A5). The table below is read
//! from the top; the first row whose words all occur decides. Each row is backed by a captured
//! run or by the extractors' sources, see the tests.

use domain::download::Failure;

use super::clean::clean;

/// One kind of failure.
struct Kind {
    /// The stable word for programs.
    code: &'static str,
    /// Each group must occur; within a group, divided by `|`, one is enough. Lower case.
    words: &'static [&'static str],
    message: &'static str,
    retryable: bool,
}

const fn passing(code: &'static str, words: &'static [&'static str], message: &'static str) -> Kind {
    Kind { code, words, message, retryable: true }
}

const fn lasting(code: &'static str, words: &'static [&'static str], message: &'static str) -> Kind {
    Kind { code, words, message, retryable: false }
}

const KINDS: &[Kind] = &[
    // Ours before theirs: the egress proxy answers with these reason phrases.
    lasting(
        "address_not_public",
        &[
            "refused by medianest (address_not_public|refused by medianest (address_forbidden|refused by medianest (own_address",
        ],
        "That address is not on the public internet, so it is not downloaded from.",
    ),
    lasting(
        "host_not_listed",
        &["refused by medianest (host_not_listed"],
        "Downloads from that site are not allowed here.",
    ),
    passing("unknown_host", &["refused by medianest (host_not_found"], "There is no site of that name."),
    lasting("address_refused", &["refused by medianest"], "That address is not allowed here."),
    passing("connection_refused", &["host not reachable"], "The site cannot be reached."),
    passing("timed_out", &["host did not answer"], "The site did not answer in time."),
    passing(
        "egress_down",
        &["unable to connect to proxy|proxy authentication required|cannot connect to proxy"],
        "The portal's own way to the internet was not ready.",
    ),
    // The disk.
    passing(
        "no_space",
        &["no space left on device|[errno 28]|disk quota exceeded|[errno 122]"],
        "There is no room left on the disk.",
    ),
    lasting(
        "too_large",
        &["[errno 27]|file too large|larger than max-filesize"],
        "The file is larger than what is allowed here.",
    ),
    lasting(
        "name_too_long",
        &["file name too long|[errno 36]"],
        "The site uses a name that is too long for this disk.",
    ),
    lasting(
        "folder_not_writable",
        &["unable to create directory|permission denied|read-only file system|unable to open for writing"],
        "The download folder cannot be written.",
    ),
    // Who may see it. These come with status codes in the same sentence, so they stand first.
    passing(
        "bot_check",
        &["not a bot|anti-bot|cloudflare|captcha|unusual traffic"],
        "The site wants proof that we are no robot. Try again later, or elsewhere.",
    ),
    lasting(
        "age_restricted",
        &["confirm your age|age-restricted|age restricted|inappropriate for some users"],
        "The video is age-restricted and needs a sign-in at the site.",
    ),
    lasting(
        "members_only",
        &[
            "members-only|members only|join this channel|available to this channel's members|only for subscribers|premium members|requires payment|pay to watch|purchase",
        ],
        "The video is for paying members of the channel only.",
    ),
    lasting(
        "private",
        &["private video|video is private|this video is private|is private"],
        "The video is private.",
    ),
    lasting(
        "geo_blocked",
        &[
            "geo restriction|geo-restricted|geo restricted|not available from your location|not available in your country|not made this video available in your country|blocked it in your country",
        ],
        "The video is not available in this country.",
    ),
    lasting(
        "drm",
        &["drm protected|drm-protected|use drm|uses drm|has drm"],
        "The video is protected against copying (DRM).",
    ),
    lasting(
        "needs_sign_in",
        &[
            "registered users|login required|log in|sign in|use --cookies|requires authentication|http error 401|account credentials",
        ],
        "The video is only for people who are signed in at the site.",
    ),
    lasting(
        "blocked_legally",
        &["http error 451|copyright|legal complaint|court order"],
        "The site may not show this video, for legal reasons.",
    ),
    passing(
        "live_not_started",
        &[
            "live event will begin|premieres in|premiere will begin|has not started|not currently live|is_upcoming|is upcoming|is offline|starts in",
        ],
        "The broadcast has not started.",
    ),
    passing(
        "rate_limited",
        &["http error 429|too many requests|rate-limited|rate limited|rate limit"],
        "The site says that we ask too often.",
    ),
    lasting(
        "not_found",
        &[
            "http error 404|http error 410|video unavailable|no longer available|has been removed|has been deleted|does not exist|account has been terminated|video not found|not available anymore|page not found",
        ],
        "The video is not there (any more).",
    ),
    passing(
        "site_refused",
        &["http error 403", "video data|fragment|[download]|giving up"],
        "The site broke off the download.",
    ),
    lasting(
        "site_refused",
        &["http error 403|http error 406|forbidden"],
        "The site refuses to hand this over.",
    ),
    // The link itself.
    lasting(
        "bad_url",
        &[
            "is not a valid url|urls are disabled|no connection adapters|unknown url type|invalid url|unsupported url scheme|unsupported protocol",
        ],
        "That is not a link to a web page or a video.",
    ),
    lasting(
        "unsupported",
        &[
            "unsupported url|no video formats found|no video could be found|no video in|unable to extract|unable to find|there is no video|no media found|no suitable formats",
        ],
        "There is no video behind this link that yt-dlp can find.",
    ),
    lasting(
        "format_unavailable",
        &["requested format is not available|invalid format specification|only images are available"],
        "The site does not offer that quality or format.",
    ),
    lasting(
        "too_many_redirects",
        &["too many redirects|redirect loop|exceeded 30 redirects"],
        "The link leads in circles.",
    ),
    // The way there.
    passing(
        "site_error",
        &["http error 5|bad gateway|service unavailable|internal server error"],
        "The site has a problem of its own.",
    ),
    passing(
        "unknown_host",
        &[
            "failed to resolve|could not be resolved|name or service not known|getaddrinfo|temporary failure in name resolution|no address associated",
        ],
        "There is no site of that name.",
    ),
    passing(
        "connection_refused",
        &[
            "connection refused|[errno 111]|no route to host|network is unreachable|network unreachable|host is down",
        ],
        "The site cannot be reached.",
    ),
    passing("timed_out", &["timed out|timeout"], "The site did not answer in time."),
    passing(
        "insecure",
        &["certificate|ssl:|tls|ssl error"],
        "The site's security certificate is not in order.",
    ),
    passing(
        "cut_off",
        &[
            "more expected|bytes read|connection reset|remote end closed|connection aborted|connection broken|incompleteread|broken pipe|eof occurred|content too short|downloaded file is empty|did not get any data blocks|fragment not found|empty fragment",
        ],
        "The connection broke before everything was here.",
    ),
    passing("site_refused", &["tunnel connection failed"], "The connection to the site could not be made."),
    lasting("bad_answer", &["http error"], "The site answered in a way that makes no sense here."),
    // What is done with the bytes.
    lasting(
        "ffmpeg_missing",
        &["ffmpeg is not installed|ffmpeg not found|ffprobe and ffmpeg not found|ffprobe not found"],
        "ffmpeg is missing on this server.",
    ),
    lasting(
        "no_sound",
        &["unable to obtain file audio codec|does not contain any stream|no audio"],
        "There is no sound in this video.",
    ),
    lasting(
        "processing",
        &[
            "postprocessing|preprocessing|conversion failed|ffmpeg exited|error opening input|invalid data found|audio conversion|moov atom",
        ],
        "The file could not be converted.",
    ),
    passing(
        "out_of_memory",
        &["memoryerror|cannot allocate memory|[errno 12]"],
        "There was not enough memory for this download.",
    ),
    passing("interrupted", &["interrupted by user|keyboardinterrupt"], "The download was interrupted."),
    lasting(
        "internal",
        &[
            "no such option|yt-dlp: error|traceback|assertionerror|unexpectederror|please report this issue|an extractor error",
        ],
        "yt-dlp could not cope with this link.",
    ),
];

/// Reads one message, without its `ERROR:` in front.
pub(crate) fn classify(message: &str) -> Failure {
    let lower = message.to_lowercase();
    let says = |group: &&str| group.split('|').any(|word| lower.contains(word));
    match KINDS.iter().find(|kind| kind.words.iter().all(says)) {
        Some(kind) => told(kind.code, kind.message, kind.retryable, message),
        None => told("unknown", "The download failed.", true, message),
    }
}

/// Whether going on with the next item of a playlist would meet the same, or make it worse.
pub(crate) fn concerns_the_whole_job(failure: &Failure) -> bool {
    let codes =
        ["no_space", "egress_down", "bot_check", "rate_limited", "folder_not_writable", "ffmpeg_missing"];
    codes.contains(&failure.code.as_str())
}

fn told(code: &str, message: &str, retryable: bool, detail: &str) -> Failure {
    let detail = clean(detail);
    Failure {
        code: code.to_owned(),
        message: message.to_owned(),
        retryable,
        detail: (!detail.is_empty()).then_some(detail),
    }
}

/// Failures that yt-dlp does not put into words.
pub(crate) mod own {
    use super::{Failure, told};

    /// Neither a word nor a byte for `silence`.
    pub fn stalled(silence: std::time::Duration) -> Failure {
        told(
            "stalled",
            "The download stood still.",
            true,
            &format!("nothing came for {} s", silence.as_secs()),
        )
    }

    pub fn is_live() -> Failure {
        told("is_live", "This is a live broadcast. It can be downloaded when it is over.", false, "")
    }

    pub fn not_media(extension: &str) -> Failure {
        told(
            "not_media",
            "There is no video behind this link.",
            false,
            &format!("a file of the kind {extension:?}"),
        )
    }

    pub fn too_large() -> Failure {
        told("too_large", "The file is larger than what is allowed here.", false, "")
    }

    /// It said done, and what it named is not there, is empty or is no plain file.
    pub fn not_verified(why: &str) -> Failure {
        told("verify_failed", "The file that should be there is missing or empty.", true, why)
    }

    pub fn nothing_downloaded() -> Failure {
        told("nothing_downloaded", "There was nothing to download behind this link.", false, "")
    }

    pub fn killed(signal: i32) -> Failure {
        let message = "The download was killed from outside, perhaps for want of memory.";
        told("killed", message, true, &format!("signal {signal}"))
    }

    pub fn ended_without_a_word(code: Option<i32>) -> Failure {
        let detail = code.map_or(String::new(), |code| format!("exit code {code}"));
        told("unknown", "The download failed.", true, &detail)
    }

    pub fn not_started(why: &str) -> Failure {
        told("not_started", "yt-dlp could not be started.", true, why)
    }

    pub fn probe_too_slow() -> Failure {
        told("timed_out", "The site did not answer in time.", true, "")
    }

    pub fn probe_unreadable(why: &str) -> Failure {
        told("internal", "What yt-dlp said about this link makes no sense.", false, why)
    }
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
