//! The command line of the runner. It is written by the launcher only.

use std::ffi::OsString;

use super::ResourceLimits;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arguments {
    pub forward_stdin: bool,
    pub limits: ResourceLimits,
    pub program: OsString,
    pub arguments: Vec<OsString>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum WrongArguments {
    #[error("unknown option {0:?}")]
    Unknown(OsString),
    #[error("no program is named after --")]
    NoProgram,
}

impl Arguments {
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, WrongArguments> {
        let mut arguments = arguments.into_iter();
        let mut forward_stdin = false;
        let mut limits = ResourceLimits::default();
        for option in arguments.by_ref() {
            match option.to_str() {
                Some("--") => break,
                Some("--forward-stdin") => forward_stdin = true,
                Some(text) if limits.take(text) => {}
                _ => return Err(WrongArguments::Unknown(option)),
            }
        }
        let program = arguments.next().ok_or(WrongArguments::NoProgram)?;
        Ok(Self { forward_stdin, limits, program, arguments: arguments.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, WrongArguments> {
        Arguments::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn what_follows_the_dashes_is_the_program_whatever_it_looks_like() {
        let parsed = parse(&["--open-files=64", "--", "yt-dlp", "--forward-stdin", "--", "x"]).unwrap();

        assert!(!parsed.forward_stdin);
        assert_eq!(parsed.limits, ResourceLimits { open_files: Some(64), ..ResourceLimits::default() });
        assert_eq!(parsed.program, "yt-dlp");
        assert_eq!(parsed.arguments, ["--forward-stdin", "--", "x"]);
    }

    #[test]
    fn limits_survive_the_command_line() {
        let limits = ResourceLimits {
            file_bytes: Some(1 << 40),
            memory_bytes: Some(1 << 30),
            open_files: Some(99),
            processes: None,
        };
        let mut line: Vec<OsString> = limits.to_arguments().into_iter().map(OsString::from).collect();
        line.extend(["--".into(), "true".into()]);

        assert_eq!(Arguments::parse(line).unwrap().limits, limits);
    }

    #[test]
    fn a_wrong_line_is_named() {
        assert_eq!(parse(&["--loud"]), Err(WrongArguments::Unknown("--loud".into())));
        assert_eq!(parse(&["--open-files=many"]), Err(WrongArguments::Unknown("--open-files=many".into())));
        assert_eq!(parse(&["--"]), Err(WrongArguments::NoProgram));
        assert_eq!(parse(&[]), Err(WrongArguments::NoProgram));
    }
}
