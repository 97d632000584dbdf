//! Which language the user reads.

use std::ffi::{OsStr, OsString};

use clap::ValueEnum;
use taizhang_node::error::Text;

/// The user's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    Zh,
    En,
}

impl Lang {
    /// The language of the command line, known before it is parsed (its own mistakes are reported in it), else of the environment, else Chinese.
    pub(crate) fn choose(args: &[OsString], env: impl Fn(&str) -> Option<OsString>) -> Self {
        let given = args.iter().zip(args.iter().skip(1).map(Some).chain([None])).find_map(|(arg, next)| match arg.to_str()? {
            "--lang" => next?.to_str(),
            other => other.strip_prefix("--lang="),
        });
        let environment = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(env).find(|v| !v.is_empty());
        let of = |word: &str| if word.starts_with("en") { Some(Self::En) } else { word.starts_with("zh").then_some(Self::Zh) };
        given.and_then(of).or_else(|| environment.as_deref().and_then(OsStr::to_str).and_then(of)).unwrap_or(Self::Zh)
    }

    /// The text in this language.
    pub(crate) fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// The text in this language.
    pub(crate) fn text(self, text: &Text) -> &str {
        self.pick(&text.zh, &text.en)
    }

    /// This language's half of `中文 | English`.
    pub(crate) fn half(self, both: &str) -> &str {
        both.split_once(" | ").map_or(both, |(zh, en)| self.pick(zh, en))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_then_the_environment_then_chinese() {
        let cases: &[(&[&str], &str, Lang)] = &[
            (&[], "", Lang::Zh),
            (&[], "C.UTF-8", Lang::Zh),
            (&[], "de_DE.UTF-8", Lang::Zh),
            (&[], "en_GB.UTF-8", Lang::En),
            (&[], "zh_CN.UTF-8", Lang::Zh),
            (&["t", "--lang", "zh", "status"], "en_GB", Lang::Zh),
            (&["t", "status", "--lang=en"], "zh_CN", Lang::En),
            (&["t", "--lang"], "en", Lang::En),
            (&["t", "--lang", "fr"], "en", Lang::En),
        ];
        for (args, env, wanted) in cases {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            assert_eq!(Lang::choose(&args, |name| (name == "LANG").then(|| env.into())), *wanted, "{args:?} {env}");
        }
    }

    #[test]
    fn halves() {
        assert_eq!(
            (Lang::Zh.half("帮助 | help"), Lang::En.half("帮助 | help"), Lang::En.half("zh|en")),
            ("帮助", "help", "zh|en")
        );
    }
}
