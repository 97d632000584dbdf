//! One table of a policy file, read field by field. A wrong field is written down and read as an empty value, so that one reading finds everything.

use std::ops::RangeInclusive;

use taizhang_core::units::Day;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::error::{Fault, Form, PolicyError, Shape};
use crate::{
    account::Reason,
    case::{DegreeLevel, Kind, Level, Registrar, Stage},
    policy::{Requirement, SaidType, Scope, Unit},
};

/// A closed list of words.
pub(super) trait Closed: Copy + Ord + 'static {
    /// All of them.
    const WORDS: &'static [Self];
    /// The word of one.
    fn text(self) -> &'static str;
}

macro_rules! closed {
    ($($name:ident),*) => { $(impl Closed for $name {
        const WORDS: &'static [Self] = Self::ALL;
        fn text(self) -> &'static str { self.word() }
    })* };
}
closed!(DegreeLevel, Kind, Level, Reason, Registrar, Requirement, SaidType, Scope, Stage, Unit);

/// What is wrong so far.
pub(super) struct Faults<'s> {
    text: &'s str,
    pub(super) found: Vec<PolicyError>,
}

impl<'s> Faults<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> u32 {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        u32::try_from(before.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX).saturating_add(1)
    }
}

type Value<'t> = Spanned<DeValue<'t>>;

/// One table.
pub(super) struct Fields<'a, 's> {
    table: &'a DeTable<'s>,
    line: u32,
    rule: String,
    /// Fields that were asked for: the others are unknown.
    asked: Vec<&'static str>,
    /// Nobody knows which fields belong here: none is unknown.
    any_more: bool,
    faults: &'a mut Faults<'s>,
}

impl<'a, 's> Fields<'a, 's> {
    /// A table that begins in this line, of this rule (or empty).
    pub(super) fn new(table: &'a DeTable<'s>, line: u32, rule: &str, faults: &'a mut Faults<'s>) -> Self {
        Self { table, line, rule: rule.to_owned(), asked: Vec::new(), any_more: false, faults }
    }

    /// Writes down what is wrong with the table as a whole.
    pub(super) fn fault(&mut self, fault: Fault) {
        self.fault_in(self.line, fault);
    }

    fn fault_in(&mut self, line: u32, fault: Fault) {
        self.faults.found.push(PolicyError { line, rule: self.rule.clone(), fault });
    }

    fn fault_at(&mut self, value: &Value<'s>, fault: Fault) {
        self.fault_in(self.faults.line(value.span().start), fault);
    }

    fn wrong_type<T: Default>(&mut self, value: &Value<'s>, field: &str, want: Shape) -> T {
        self.fault_at(value, Fault::WrongType { field: field.to_owned(), want });
        T::default()
    }

    /// Is the field there? From now on it is a known one.
    pub(super) fn has(&mut self, field: &'static str) -> bool {
        self.asked.push(field);
        self.table.contains_key(field)
    }

    /// A field that may be left out.
    pub(super) fn may<T>(&mut self, field: &'static str, read: impl FnOnce(&mut Self, &'static str) -> T) -> Option<T> {
        self.has(field).then(|| read(self, field))
    }

    fn get(&mut self, field: &'static str) -> Option<&'a Value<'s>> {
        self.asked.push(field);
        let table = self.table;
        let value = table.get(field);
        if value.is_none() {
            self.fault(Fault::Missing { field });
        }
        value
    }

    fn string(&mut self, value: &'a Value<'s>, field: &str) -> Option<&'a str> {
        match value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type(value, field, Shape::Text),
        }
    }

    /// A text of one form; empty only where the form says so.
    fn formed(&mut self, value: &'a Value<'s>, field: &str, form: Form) -> String {
        let Some(text) = self.string(value, field) else { return String::new() };
        if text.is_empty() && form != Form::AreaCode {
            self.fault_at(value, Fault::Empty { field: field.to_owned() });
        } else if !form.fits(text) {
            self.fault_at(value, Fault::Form { field: field.to_owned(), text: shown(text), want: form });
        }
        text.to_owned()
    }

    /// A text in a form.
    pub(super) fn text(&mut self, field: &'static str, form: Form) -> String {
        self.get(field).map(|value| self.formed(value, field, form)).unwrap_or_default()
    }

    /// A line that may be empty.
    pub(super) fn text_or_empty(&mut self, field: &'static str) -> String {
        match self.table.get(field).map(Spanned::get_ref) {
            Some(DeValue::String(text)) if text.is_empty() => {
                self.asked.push(field);
                String::new()
            }
            _ => self.text(field, Form::Line),
        }
    }

    /// A word of our own: role, bucket, tag, office…
    pub(super) fn word(&mut self, field: &'static str) -> String {
        self.text(field, Form::Word)
    }

    fn list(&mut self, field: &'static str, want: Shape) -> Vec<&'a Value<'s>> {
        let Some(value) = self.get(field) else { return Vec::new() };
        let DeValue::Array(list) = value.get_ref() else { return self.wrong_type(value, field, want) };
        if list.is_empty() {
            self.fault_at(value, Fault::Empty { field: field.to_owned() });
        }
        list.iter().collect()
    }

    fn texts(&mut self, field: &'static str, form: Form) -> Vec<String> {
        let mut read: Vec<String> = Vec::new();
        for value in self.list(field, Shape::Texts) {
            let word = self.formed(value, field, form);
            if read.contains(&word) {
                self.fault_at(value, Fault::Twice { field: field.to_owned(), word: word.clone() });
            }
            read.push(word);
        }
        read
    }

    /// A list of words of our own.
    pub(super) fn words(&mut self, field: &'static str) -> Vec<String> {
        self.texts(field, Form::Word)
    }

    /// A list of lines.
    pub(super) fn lines(&mut self, field: &'static str) -> Vec<String> {
        self.texts(field, Form::Line)
    }

    /// A word or a list of words.
    pub(super) fn word_or_words(&mut self, field: &'static str) -> Vec<String> {
        match self.table.get(field) {
            Some(value) if matches!(value.get_ref(), DeValue::String(_)) => vec![self.word(field)],
            Some(value) if !matches!(value.get_ref(), DeValue::Array(_)) => {
                self.asked.push(field);
                self.wrong_type(value, field, Shape::TextOrTexts)
            }
            _ => self.words(field),
        }
    }

    fn unknown_word(&mut self, value: &Value<'s>, field: &str, word: &str, allowed: Vec<&'static str>) {
        self.fault_at(value, Fault::UnknownWord { field: field.to_owned(), word: shown(word), allowed });
    }

    /// A word of these.
    pub(super) fn one_of(&mut self, field: &'static str, allowed: &[&'static str]) -> &'static str {
        let Some(value) = self.get(field) else { return "" };
        let Some(text) = self.string(value, field) else { return "" };
        let found = allowed.iter().copied().find(|word| *word == text);
        if found.is_none() {
            self.unknown_word(value, field, text, allowed.to_vec());
        }
        found.unwrap_or_default()
    }

    fn closed_value<T: Closed>(&mut self, value: &'a Value<'s>, field: &str, allowed: &[T]) -> Option<T> {
        let text = self.string(value, field)?;
        let found = allowed.iter().copied().find(|word| word.text() == text);
        if found.is_none() {
            self.unknown_word(value, field, text, allowed.iter().map(|word| word.text()).collect());
        }
        found
    }

    /// A word of a closed list; of a wrong one the `else_` stands for it.
    pub(super) fn closed<T: Closed>(&mut self, field: &'static str, else_: T) -> T {
        self.closed_of(field, T::WORDS, else_)
    }

    /// The same, of some of its words only.
    pub(super) fn closed_of<T: Closed>(&mut self, field: &'static str, allowed: &[T], else_: T) -> T {
        self.get(field).and_then(|value| self.closed_value(value, field, allowed)).unwrap_or(else_)
    }

    /// Words of a closed list, not empty.
    pub(super) fn closed_list<T: Closed>(&mut self, field: &'static str) -> Vec<T> {
        let mut read = Vec::new();
        for value in self.list(field, Shape::Texts) {
            let Some(word) = self.closed_value(value, field, T::WORDS) else { continue };
            if read.contains(&word) {
                self.fault_at(value, Fault::Twice { field: field.to_owned(), word: word.text().to_owned() });
            }
            read.push(word);
        }
        read
    }

    /// The same, or nothing where the field is left out.
    pub(super) fn closed_list_or_all<T: Closed>(&mut self, field: &'static str) -> Vec<T> {
        self.may(field, Self::closed_list).unwrap_or_default()
    }

    /// Words of a list of ours, not empty.
    pub(super) fn list_of(&mut self, field: &'static str, allowed: &[&'static str]) -> Vec<String> {
        let mut read: Vec<String> = Vec::new();
        for value in self.list(field, Shape::Texts) {
            let Some(word) = self.string(value, field) else { continue };
            if !allowed.contains(&word) {
                self.unknown_word(value, field, word, allowed.to_vec());
            } else if read.iter().any(|known| known == word) {
                self.fault_at(value, Fault::Twice { field: field.to_owned(), word: word.to_owned() });
            }
            read.push(word.to_owned());
        }
        read
    }

    fn number_value<T: TryFrom<u64> + Default>(&mut self, value: &Value<'s>, field: &str, range: &RangeInclusive<u64>) -> T {
        let DeValue::Integer(number) = value.get_ref() else { return self.wrong_type(value, field, Shape::Number) };
        let read = u64::from_str_radix(number.as_str(), number.radix()).ok().filter(|n| range.contains(n));
        let fits = read.and_then(|n| T::try_from(n).ok());
        if fits.is_none() {
            let (least, most) = (*range.start(), *range.end());
            self.fault_at(value, Fault::OutOfRange { field: field.to_owned(), number: shown(&number.to_string()), least, most });
        }
        fits.unwrap_or_default()
    }

    /// A number.
    pub(super) fn number<T: TryFrom<u64> + Default>(&mut self, field: &'static str, range: RangeInclusive<u64>) -> T {
        self.get(field).map(|value| self.number_value(value, field, &range)).unwrap_or_default()
    }

    /// A list of numbers, not empty.
    pub(super) fn numbers<T: TryFrom<u64> + Default>(&mut self, field: &'static str, range: RangeInclusive<u64>) -> Vec<T> {
        let values = self.list(field, Shape::Numbers);
        values.into_iter().map(|value| self.number_value(value, field, &range)).collect()
    }

    /// The same, each number once.
    pub(super) fn distinct<T>(&mut self, field: &'static str, range: RangeInclusive<u64>) -> Vec<T>
    where
        T: TryFrom<u64> + Default + Copy + PartialEq + std::fmt::Display,
    {
        let mut read = Vec::new();
        for value in self.list(field, Shape::Numbers) {
            let number: T = self.number_value(value, field, &range);
            if read.contains(&number) {
                self.fault_at(value, Fault::Twice { field: field.to_owned(), word: number.to_string() });
            }
            read.push(number);
        }
        read
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, field: &'static str) -> bool {
        let Some(value) = self.get(field) else { return false };
        match value.get_ref() {
            DeValue::Boolean(flag) => *flag,
            _ => self.wrong_type(value, field, Shape::Flag),
        }
    }

    /// A day.
    pub(super) fn day(&mut self, field: &'static str) -> Day {
        let Some(value) = self.get(field) else { return Day(0) };
        let Some(text) = self.string(value, field) else { return Day(0) };
        let day = Day::parse_iso(text);
        if day.is_none() {
            self.fault_at(value, Fault::BadDay { field: field.to_owned(), text: shown(text) });
        }
        day.unwrap_or_default()
    }

    /// A day, or nothing where the text is empty.
    pub(super) fn day_or_empty(&mut self, field: &'static str) -> Option<Day> {
        match self.table.get(field).map(Spanned::get_ref) {
            Some(DeValue::String(text)) if text.is_empty() => {
                self.asked.push(field);
                None
            }
            _ => Some(self.day(field)),
        }
    }

    /// Names with numbers: `{ principal = 200 }`, not empty.
    pub(super) fn numbered<T: TryFrom<u64> + Default>(
        &mut self,
        field: &'static str,
        form: Form,
        range: RangeInclusive<u64>,
    ) -> Vec<(String, T)> {
        let Some(table) = self.table_of(field) else { return Vec::new() };
        let mut read = Vec::new();
        for (key, value) in table {
            let key: &str = key.get_ref();
            if !form.fits(key) {
                self.fault_at(value, Fault::Form { field: field.to_owned(), text: shown(key), want: form });
            }
            read.push((key.to_owned(), self.number_value(value, &format!("{field}.{key}"), &range)));
        }
        read
    }

    /// Words of one closed list with words of another: `{ primary = "bachelor" }`, not empty.
    pub(super) fn closed_pairs<K: Closed, V: Closed>(&mut self, field: &'static str) -> Vec<(K, V)> {
        let Some(table) = self.table_of(field) else { return Vec::new() };
        let mut read = Vec::new();
        for (key, value) in table {
            let key: &str = key.get_ref();
            let known = K::WORDS.iter().copied().find(|word| word.text() == key);
            if known.is_none() {
                self.unknown_word(value, field, key, K::WORDS.iter().map(|word| word.text()).collect());
            }
            let value = self.closed_value(value, &format!("{field}.{key}"), V::WORDS);
            read.extend(known.zip(value));
        }
        read
    }

    fn table_of(&mut self, field: &'static str) -> Option<&'a DeTable<'s>> {
        let value = self.get(field)?;
        let DeValue::Table(table) = value.get_ref() else { return self.wrong_type(value, field, Shape::Table) };
        if table.is_empty() {
            self.fault_at(value, Fault::Empty { field: field.to_owned() });
        }
        Some(table)
    }

    /// Reads a table inside of this one; nothing where it is missing.
    pub(super) fn inner<T>(&mut self, field: &'static str, read: impl FnOnce(&mut Fields<'_, 's>) -> T) -> Option<T> {
        let value = self.get(field)?;
        self.inner_value(value, field, read)
    }

    /// Reads a list of tables, not empty.
    pub(super) fn inner_list<T>(&mut self, field: &'static str, mut read: impl FnMut(&mut Fields<'_, 's>) -> T) -> Vec<T> {
        let values = self.list(field, Shape::Tables);
        values.into_iter().filter_map(|value| self.inner_value(value, field, &mut read)).collect()
    }

    fn inner_value<T>(&mut self, value: &Value<'s>, field: &str, read: impl FnOnce(&mut Fields<'_, 's>) -> T) -> Option<T> {
        let DeValue::Table(table) = value.get_ref() else { return self.wrong_type(value, field, Shape::Table) };
        let line = self.faults.line(value.span().start);
        let mut inner = Fields::new(table, line, &self.rule, self.faults);
        let read = read(&mut inner);
        inner.finish();
        Some(read)
    }

    /// The line in which the table begins.
    pub(super) const fn line(&self) -> u32 {
        self.line
    }

    /// From now on faults name this rule.
    pub(super) fn of_rule(&mut self, id: &str) {
        id.clone_into(&mut self.rule);
    }

    /// What fields there may be depends on a word that is wrong: the others are not looked at.
    pub(super) const fn ask_no_more(&mut self) {
        self.any_more = true;
    }

    /// Refuses every field that nothing asked for.
    pub(super) fn finish(self) {
        if self.any_more {
            return;
        }
        for (key, _) in self.table {
            let field: &str = key.get_ref();
            if !self.asked.contains(&field) {
                let mut allowed = self.asked.clone();
                allowed.dedup();
                let line = self.faults.line(key.span().start);
                let fault = Fault::UnknownField { field: shown(field), allowed };
                self.faults.found.push(PolicyError { line, rule: self.rule.clone(), fault });
            }
        }
    }
}

impl Form {
    fn fits(self, text: &str) -> bool {
        let short = |least: usize| (least..=64).contains(&text.len());
        match self {
            Self::Id => short(1) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
            Self::Word => short(1) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
            Self::AreaCode => text.is_empty() || (text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())),
            // 29 February would be no day in most years.
            Self::MonthDay => text.len() == 5 && Day::parse_iso(&format!("2001-{text}")).is_some(),
            Self::Line => text.len() <= 500 && !text.chars().any(char::is_control),
            Self::StageDegree => text
                .rsplit_once('_')
                .is_some_and(|(stage, degree)| Stage::from_word(stage).is_some() && DegreeLevel::from_word(degree).is_some()),
        }
    }
}

/// At most 40 characters of what somebody wrote.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(40).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}
