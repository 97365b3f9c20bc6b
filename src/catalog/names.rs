use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::Landscape;

/// A list of the landscape that an argument may name an entry of: the words of `x-catalog`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// Services and their aliases.
    Services,
    /// Environments and their aliases.
    Environments,
    /// Severities and their aliases.
    Severities,
    /// Teams.
    Teams,
    /// Members and on-call people of the teams.
    People,
    /// Services, and their databases as other names of them.
    Targets,
    /// Teams, and the services they own as other names of them.
    Owners,
}

impl List {
    /// Every list.
    pub const ALL: [Self; 7] = [
        Self::Services,
        Self::Environments,
        Self::Severities,
        Self::Teams,
        Self::People,
        Self::Targets,
        Self::Owners,
    ];

    /// The word in a tool file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Environments => "environments",
            Self::Severities => "severities",
            Self::Teams => "teams",
            Self::People => "people",
            Self::Targets => "targets",
            Self::Owners => "owners",
        }
    }

    /// One entry of it, for sentences.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Services => "service",
            Self::Environments => "environment",
            Self::Severities => "severity",
            Self::Teams => "team",
            Self::People => "person",
            Self::Targets => "service or database",
            Self::Owners => "team or service",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.as_str() == word)
    }
}

/// Canonical names and everything that stands for them, by folded spelling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    canonical: Vec<String>,
    folded: BTreeMap<String, String>,
}

impl Names {
    /// The names of one list.
    pub fn of(list: List, landscape: &Landscape) -> Self {
        let mut names = Self::default();
        match list {
            List::Services => names.add_services(landscape),
            List::Targets => {
                names.add_services(landscape);
                for (name, service) in &landscape.services {
                    service.databases.iter().for_each(|database| names.alias(database, name));
                }
            }
            List::Owners => {
                landscape.teams.keys().for_each(|name| names.add(name, &[]));
                for (service, team) in owned(landscape) {
                    names.alias(service, team);
                }
            }
            List::Environments => {
                for (name, environment) in &landscape.environments {
                    names.add(name, &environment.aliases);
                }
            }
            List::Severities => {
                landscape.severities.iter().for_each(|(name, aliases)| names.add(name, aliases));
            }
            List::Teams => landscape.teams.keys().for_each(|name| names.add(name, &[])),
            List::People => {
                let teams = landscape.teams.values();
                teams
                    .flat_map(|team| team.members.iter().chain(&team.oncall))
                    .for_each(|name| names.add(name, &[]));
            }
        }
        names
    }

    /// The names of a fixed list of words, such as a schema's `enum`.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names = Self::default();
        words.into_iter().for_each(|word| names.add(word, &[]));
        names
    }

    fn add_services(&mut self, landscape: &Landscape) {
        for (name, service) in &landscape.services {
            self.add(name, &service.aliases);
        }
    }

    fn add(&mut self, name: &str, aliases: &[String]) {
        if !self.canonical.iter().any(|known| known == name) {
            self.canonical.push(name.to_owned());
        }
        self.folded.insert(fold(name), name.to_owned());
        aliases.iter().for_each(|alias| self.alias(alias, name));
    }

    fn alias(&mut self, alias: &str, name: &str) {
        self.folded.entry(fold(alias)).or_insert_with(|| name.to_owned());
    }

    /// Whether nothing is listed, which means that names are not checked.
    pub fn is_empty(&self) -> bool {
        self.canonical.is_empty()
    }

    /// The canonical names, in the landscape's order.
    pub fn canonical(&self) -> &[String] {
        &self.canonical
    }

    /// The canonical name that `text` stands for, whatever its case, separators and width.
    pub fn resolve(&self, text: &str) -> Option<&str> {
        self.folded.get(&fold(text)).map(String::as_str)
    }

    /// Every folded spelling, with the canonical name that it stands for.
    pub fn spellings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.folded.iter().map(|(spelling, name)| (spelling.as_str(), name.as_str()))
    }

    /// The canonical names that were probably meant, closest first, at most three.
    pub fn nearest(&self, text: &str) -> Vec<String> {
        let spellings = self.folded.keys().map(String::as_str);
        let mut names: Vec<String> = Vec::new();
        for spelling in near(&fold(text), spellings) {
            if let Some(name) = self.folded.get(spelling)
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names.truncate(3);
        names
    }
}

/// Each name of each service that has a team, with the team.
fn owned(landscape: &Landscape) -> impl Iterator<Item = (&str, &str)> {
    landscape.services.iter().flat_map(|(name, service)| {
        let team = service.team.as_deref();
        let all = std::iter::once(name).chain(&service.aliases);
        all.filter_map(move |name| Some((name.as_str(), team?)))
    })
}

/// One spelling for all the ways to write a name: compatibility forms, lower case, one `-` for what separates words.
pub fn fold(text: &str) -> String {
    let mut out = String::new();
    for character in text.trim().nfkc().flat_map(char::to_lowercase) {
        let separates = character.is_whitespace() || matches!(character, '_' | '-' | '\u{2010}'..='\u{2015}');
        match (separates, out.ends_with('-')) {
            (true, true) => {}
            (true, false) => out.push('-'),
            (false, _) => out.push(character),
        }
    }
    out
}

/// The candidates that are a few slips of the finger away from `text`, or that it abbreviates: the closest first, and
/// those that are hardly farther.
pub fn near<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let length = text.chars().count();
    let allowed = if length <= 3 { 1 } else { 1 + length / 4 };
    let score = |candidate: &str| match strsim::osa_distance(text, candidate) {
        slips if slips <= allowed => Some(slips),
        _ => (length >= 3 && candidate.starts_with(text)).then_some(allowed + 1),
    };
    let candidates = candidates.into_iter();
    let mut scored: Vec<(usize, &str)> = candidates.filter_map(|name| Some((score(name)?, name))).collect();
    scored.sort_unstable();
    let best = scored.first().map_or(0, |(score, _)| *score);
    scored.into_iter().filter(|(score, _)| *score <= best + 1).map(|(_, name)| name).collect()
}

/// `a`, `a or b`, `a, b or c`, each in backticks.
pub fn one_of<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_fold_to_one() {
        for spelling in [
            "order-service",
            "Order Service",
            "ORDER_SERVICE",
            "ｏｒｄｅｒ－ｓｅｒｖｉｃｅ",
            " order – service ",
        ] {
            assert_eq!(fold(spelling), "order-service", "{spelling}");
        }
        assert_ne!(fold("orders-ervice"), "order-service");
    }

    #[test]
    fn near_finds_slips_and_abbreviations_and_nothing_else() {
        let names = ["development", "staging", "production", "prod"];
        assert_eq!(near("prodution", names), ["production"]);
        assert_eq!(near("order-servise", ["order-service", "user-service"]), ["order-service"]);
        assert_eq!(near("stag", names), ["staging"]);
        assert!(near("canary", names).is_empty());
    }
}
