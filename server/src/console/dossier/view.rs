//! What a dossier says, in the reader's words: the parts of the page, made of the API's dossier and of nothing else.

use std::collections::BTreeMap;

use serde_json::Value;
use sync_core::model::{DeviceId, Interval, Millis};
use sync_core::rules::catalogue::find_rule;

use super::super::desk::Desk;
use super::super::language::Language;
use super::super::when::{Count, When, bounds, written_day};
use super::super::words::{Words, fill};
use super::super::{adjudication, pages, regions, review};
use super::fields;
use crate::services::evidence::reading::EvidenceView;
use crate::services::visits::{AsideView, Dossier, RulingView};
use crate::wording;

/// A line of a list of facts.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is.
    pub name: &'static str,
    /// What it says.
    pub value: String,
    /// A time, which then says it.
    pub when: Option<When>,
}

/// What a rule says.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its id.
    pub rule: String,
    /// Its name.
    pub title: String,
    /// A chip of its weight.
    pub chip: (&'static str, String),
    /// What it says of this one.
    pub text: String,
    /// The article.
    pub citation: String,
    /// The sentence of the article itself; empty where there is none.
    pub quote: String,
}

/// One version of a ruling.
#[derive(Clone, Debug)]
pub struct Version {
    /// `第 2 版`.
    pub number: String,
    /// What it came to.
    pub chip: (&'static str, String),
    /// When.
    pub when: When,
    /// By whom.
    pub who: String,
    /// Under which rulebooks.
    pub rulebook: String,
    /// Why.
    pub findings: Vec<Finding>,
}

/// The rulings of one subject: the one that stands, and those before it.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Of what.
    pub subject: String,
    /// The one that stands.
    pub now: Option<Version>,
    /// Those before it, the newest first.
    pub before: Vec<Version>,
}

/// Somebody who walked in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When.
    pub when: Option<When>,
    /// The people.
    pub who: String,
    /// With which phone.
    pub device: String,
    /// Notice and identification.
    pub shown: String,
}

/// An entry (进门).
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub when: Option<When>,
    /// What it may be proven to lie in.
    pub proven: String,
    /// What the clocks contradict, in words.
    pub contradicts: bool,
    /// Who.
    pub arrivals: Vec<Arrival>,
    /// What was ruled.
    pub verdict: Verdict,
}

/// A change beside a seal (补正).
#[derive(Clone, Debug)]
pub struct Amendment {
    /// By whom.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Whether it was signed.
    pub signed: bool,
    /// The field, as it was sealed, as it was changed.
    pub fields: Vec<(String, String, String)>,
}

/// A seal.
#[derive(Clone, Debug)]
pub struct Seal {
    /// When.
    pub when: When,
    /// Who signed.
    pub who: String,
    /// What the party did.
    pub party: &'static str,
    /// What was signed, as a digest.
    pub digest: String,
    /// What is wrong with it.
    pub faults: String,
}

/// A sample with its sheet.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its id.
    pub id: String,
    /// The product.
    pub name: String,
    /// Its sheet's number.
    pub number: String,
    /// Whether the sheet is sealed.
    pub sealed: bool,
    /// What stands on the sheet, as it was sealed.
    pub facts: Vec<Fact>,
    /// What is wrong with the form.
    pub faults: String,
    /// Seals.
    pub seals: Vec<Seal>,
    /// What was changed beside them.
    pub amendments: Vec<Amendment>,
    /// What was ruled.
    pub verdict: Verdict,
}

/// A refusal, a record of nothing sampled, or a report.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// What the API calls it.
    pub kind: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Where it stands.
    pub chip: (&'static str, String),
    /// What it says.
    pub facts: Vec<Fact>,
    /// Seals.
    pub seals: Vec<Seal>,
    /// What was changed beside them.
    pub amendments: Vec<Amendment>,
    /// What proves the confirmation.
    pub proofs: Vec<Fact>,
    /// What was ruled.
    pub verdict: Verdict,
}

/// Two values of one field.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// Where.
    pub path: String,
    /// Whether nobody has set the field since.
    pub open: bool,
    /// Each value, and whether it is the one that is shown.
    pub values: Vec<(String, bool)>,
}

/// A change that lies aside.
#[derive(Clone, Debug)]
pub struct Aside {
    /// Names it.
    pub item: String,
    /// Where it stands.
    pub text: String,
    /// Whether a person may let it in.
    pub quarantined: bool,
    /// Somebody may let it in.
    pub may_be_admitted: bool,
    /// Who wrote it.
    pub who: String,
    /// With which phone, and who brought it.
    pub device: String,
    /// When it came.
    pub when: Option<When>,
    /// What it would write.
    pub fields: Vec<(String, String)>,
}

/// A piece of evidence.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its id.
    pub id: String,
    /// What it shows.
    pub kind: &'static str,
    /// Of what.
    pub subject: String,
    /// When it was captured.
    pub when: Option<When>,
    /// How far its bytes are.
    pub chip: (&'static str, String),
    /// Whether there is a picture of it.
    pub picture: bool,
    /// Whether it is a film.
    pub film: bool,
    /// Whether its original is here.
    pub here: bool,
    /// What the authority decided on it.
    pub reviewed: Option<(&'static str, &'static str)>,
    /// Where it is reviewed; empty for who may not.
    pub review: String,
    /// Who took it.
    pub who: String,
    /// With which phone.
    pub device: String,
    /// Which that is.
    pub device_id: Option<DeviceId>,
    /// The page of the phone; empty for who may not see it.
    pub device_href: String,
}

/// Something that waits for a person.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// What.
    pub text: String,
    /// Where it is done; empty where the reader cannot.
    pub href: String,
}

/// Reads a dossier to somebody.
pub struct Teller<'a> {
    /// The dossier.
    pub dossier: &'a Dossier,
    language: Language,
    reviews: bool,
    decides: bool,
    samples: BTreeMap<String, String>,
}

/// How an outcome of a ruling is marked.
pub fn outcome_mark(outcome: &str) -> &'static str {
    match outcome {
        "first" | "continuation" | "valid" | "confirmed" | "resolved_sampled" => "good",
        "contested" | "needs_ruling" | "valid_with_violation" | "unconfirmed" => "warn",
        "excess" | "duplicate" | "void" => "bad",
        _ => "calm",
    }
}

/// RFC 3339 as milliseconds.
pub fn millis(text: &str) -> Option<Millis> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(at.as_millisecond())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

impl<'a> Teller<'a> {
    /// Somebody's.
    pub fn new(desk: &Desk, dossier: &'a Dossier) -> Self {
        let samples = dossier.samples.iter().map(|it| {
            let sheet = &it["sheet"];
            let name = format!("{} {}", text(sheet, "product_name"), text(it, "sheet_no"));
            (text(it, "sample_id").to_owned(), name)
        });
        Self {
            samples: samples.collect(),
            language: desk.language(),
            reviews: pages::may_open_at("/console/review", &desk.principal),
            decides: pages::may_open_at("/console/adjudication", &desk.principal),
            dossier,
        }
    }

    /// The words.
    pub fn w(&self) -> &'static Words {
        self.language.words()
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A word of a list.
    pub fn word(&self, list: &str, word: &str) -> &'static str {
        let words = wording::in_list(list, word);
        match self.language {
            Language::Zh => words.zh,
            Language::En => words.en,
        }
    }

    /// Somebody by their id.
    pub fn person(&self, id: &str) -> String {
        match self.dossier.people.get(id) {
            Some(person) => person.name.clone(),
            None if id.is_empty() => String::new(),
            None => self.w().unknown.to_owned(),
        }
    }

    fn people(&self, ids: &Value) -> String {
        let ids = ids.as_array().into_iter().flatten();
        let names: Vec<_> = ids
            .filter_map(Value::as_str)
            .map(|id| self.person(id))
            .collect();
        names.join(self.language.pick("、", ", "))
    }

    /// Somebody, a phone or a sample of this visit by its id.
    pub fn known(&self, id: &str) -> Option<String> {
        let person = self.dossier.people.get(id).map(|it| it.name.clone());
        let device = || self.dossier.devices.get(id).cloned();
        let sample = || self.samples.get(id).cloned();
        person.or_else(device).or_else(sample)
    }

    /// A phone by its id.
    pub fn device(&self, id: &str) -> String {
        match self.dossier.devices.get(id) {
            Some(label) => label.clone(),
            None => id.to_owned(),
        }
    }

    /// A distance.
    pub fn metres(&self, metres: i64) -> String {
        fill(self.w().metres, "n", Count(metres))
    }

    /// A length of time.
    pub fn span(&self, ms: Millis) -> String {
        let minutes = ms.max(0) / 60_000;
        let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
        match (self.language, days, hours) {
            (Language::Zh, 0, 0) => format!("{minutes} 分钟"),
            (Language::Zh, 0, _) => format!("{hours} 小时 {minutes} 分钟"),
            (Language::Zh, ..) => format!("{days} 天 {hours} 小时"),
            (Language::En, 0, 0) => format!("{minutes} min"),
            (Language::En, 0, _) => format!("{hours} h {minutes} min"),
            (Language::En, ..) => format!("{days} d {hours} h"),
        }
    }

    /// What stands in a field, as people read it: text of JSON, none where nothing stood there.
    pub fn value(&self, path: &[&str], json: &Value) -> String {
        let root = path.first().copied().unwrap_or_default();
        let mut parts = path.last().into_iter().flat_map(|it| it.split('.'));
        let field = match parts.next() {
            // Below it stand numbers of seals, each with what it is on.
            Some("seals") => Some("seals"),
            first => parts.next_back().or(first),
        };
        let written = json.as_str().unwrap_or("null");
        fields::value(self, root, field.unwrap_or_default(), written)
    }

    /// What a field is called: what lies in an item of a list is called without list and item.
    pub fn field(&self, path: &[&str]) -> String {
        match path {
            [_, _, field @ ..] if !field.is_empty() => fields::name(self, field),
            other => fields::name(self, other),
        }
    }

    /// A time of which the dossier tells both intervals.
    pub fn times(&self, times: &Value) -> Option<When> {
        When::of_times(self.language, times)
    }

    /// What is written in a part of the document.
    pub fn section(&self, root: &str) -> &'static str {
        let w = self.w();
        match root {
            "enterprise" => w.story_enterprise,
            "arrivals" => w.story_arrival,
            "sheets" => w.story_sheet,
            "seals" => w.story_seal,
            "evidence" => w.story_evidence,
            "refusals" => w.story_refusal,
            "not_sampled" => w.story_not_sampled,
            "on_site_reports" => w.story_report,
            "suspensions" => w.story_suspension,
            "recusals" => w.story_recusal,
            "prior_claims" => w.story_prior,
            "notes" => w.story_notes,
            "amendments" => w.story_amendment,
            _ => w.story_other,
        }
    }

    /// An outcome of a ruling.
    pub fn chip(&self, outcome: &str) -> (&'static str, String) {
        let kind = outcome_mark(outcome);
        let lists = ["standing", "validity", "refusal_standing"];
        let known = lists.into_iter().find_map(|list| {
            let words = sync_core::wording::in_list(list, outcome)?;
            Some(self.language.pick(words.zh, words.en))
        });
        let words = match (known, outcome) {
            (Some(words), _) => words,
            (None, "none") => self.w().ruled_none,
            (None, other) => other,
        };
        (kind, words.to_owned())
    }

    /// A state of a list.
    pub fn state_chip(&self, list: &str, state: &str) -> (&'static str, String) {
        let kind = match state {
            "confirmed" | "resolved_sampled" | "disposed" | "published" | "received" => "good",
            "contested" | "reported" | "recorded" => "warn",
            _ => "calm",
        };
        (kind, self.word(list, state).to_owned())
    }

    /// What a ruling is about.
    pub fn subject(&self, subject: &str) -> String {
        let w = self.w();
        let (kind, id) = subject.split_once('/').unwrap_or((subject, ""));
        match kind {
            "entry" => {
                let day = id.rsplit('/').next().unwrap_or_default();
                format!("{} {}", w.entry, written_day(self.language, day))
            }
            "sample" => {
                let known = self.samples.get(id).cloned();
                known.unwrap_or_else(|| w.sample.to_owned())
            }
            "refusal" => w.refusal.to_owned(),
            _ => w.visit.to_owned(),
        }
    }

    /// What everybody asks first.
    pub fn head(&self) -> Vec<Fact> {
        let w = self.w();
        let visit = &self.dossier.visit;
        let names = &self.dossier.names;
        let entered = visit.entered(self.language);
        let campaign = [text(names, "campaign_code"), text(names, "campaign")];
        let mut facts = vec![
            fact(w.uscc, visit.uscc.clone().unwrap_or_default()),
            fact(
                w.region,
                regions::named(self.language, visit.region.as_deref().unwrap_or_default()),
            ),
            fact(w.campaign, campaign.join(" ")),
            fact(w.body, text(names, "body").to_owned()),
            fact(w.team, text(names, "team").to_owned()),
            Fact {
                when: entered.clone(),
                ..fact(w.entered, entered.map(|it| it.text).unwrap_or_default())
            },
        ];
        facts.retain(|it| !it.value.trim().is_empty());
        facts
    }

    /// What a person has to look at, each as a sentence, and where they do.
    pub fn waiting(&self, items: &[EvidenceView]) -> Vec<Waiting> {
        let w = self.w();
        let standing = self.standing();
        let mut told = Vec::new();
        for (word, sentence) in [
            ("contested", w.waits_contested),
            ("needs_ruling", w.waits_ruling),
        ] {
            for it in standing.values().filter(|it| it.outcome == word) {
                told.push(Waiting {
                    text: fill(sentence, "what", self.subject(&it.subject)),
                    href: match self.decides {
                        true => adjudication::address(&it.subject),
                        false => String::new(),
                    },
                });
            }
        }
        let dossier = self.dossier;
        let open = dossier.conflicts.iter();
        let open = open.filter(|it| it["record"]["open"] == true).count();
        let aside = dossier.aside.iter().filter(|it| !it.admitted).count();
        let missing = items.iter().filter(|it| it.state != "verified").count();
        let waits =
            |it: &&EvidenceView| matches!(it.review_state(), Some("unreviewed" | "answered"));
        let review = match self.reviews {
            true => items.iter().filter(waits).count(),
            false => 0,
        };
        let id = &dossier.visit.visit_id;
        for (count, sentence, href) in [
            (review, w.waits_review, review::of_visit(id)),
            (missing, w.waits_missing, "#evidence".to_owned()),
            (open, w.waits_conflicts, "#conflicts".to_owned()),
            (aside, w.waits_aside, "#aside".to_owned()),
        ] {
            if count > 0 {
                let text = fill(sentence, "n", count);
                told.push(Waiting { text, href });
            }
        }
        told
    }

    fn standing(&self) -> BTreeMap<&str, &RulingView> {
        let mut newest: BTreeMap<&str, &RulingView> = BTreeMap::new();
        for ruling in &self.dossier.rulings {
            let known = newest.entry(&ruling.subject).or_insert(ruling);
            if ruling.version > known.version {
                *known = ruling;
            }
        }
        newest
    }

    fn finding(&self, it: &Value) -> Finding {
        let rule = text(it, "rule_id");
        let known = find_rule(rule);
        let chip = match text(it, "severity") {
            "fatal" => ("bad", self.w().severity_fatal),
            "notice" | "info" => ("calm", self.w().severity_notice),
            _ => ("warn", self.w().severity_other),
        };
        let title = known.map(|it| self.language.pick(it.title.zh, it.title.en));
        Finding {
            rule: rule.to_owned(),
            title: title.unwrap_or_default().to_owned(),
            chip: (chip.0, chip.1.to_owned()),
            text: text(it, self.language.pick("zh", "en")).to_owned(),
            citation: text(it, "citation").to_owned(),
            quote: known.map_or_else(String::new, |it| it.citation.quote.to_owned()),
        }
    }

    fn version(&self, ruling: &RulingView) -> Version {
        Version {
            number: fill(self.w().version_of, "n", ruling.version),
            chip: self.chip(&ruling.outcome),
            when: When::at(
                self.language,
                millis(&ruling.decided_at).unwrap_or_default(),
            ),
            who: match ruling.actor.as_str() {
                "engine" => self.w().engine.to_owned(),
                user => self.person(user),
            },
            rulebook: ruling.rulebook.clone(),
            findings: ruling.findings.iter().map(|it| self.finding(it)).collect(),
        }
    }

    fn verdict(&self, subject: &str) -> Verdict {
        let rulings = self.dossier.rulings.iter();
        let mut versions: Vec<_> = rulings.filter(|it| it.subject == subject).collect();
        versions.sort_by_key(|it| std::cmp::Reverse(it.version));
        let mut versions = versions.into_iter().map(|it| self.version(it));
        Verdict {
            subject: self.subject(subject),
            now: versions.next(),
            before: versions.collect(),
        }
    }

    /// What was ruled of the visit itself.
    pub fn other_verdicts(&self) -> Vec<Verdict> {
        let subjects = self.standing().into_keys().filter(|subject| {
            let kind = subject.split('/').next().unwrap_or_default();
            !matches!(kind, "entry" | "sample" | "refusal")
        });
        let verdicts = subjects.map(|subject| self.verdict(subject));
        let said = |it: &Verdict| it.now.as_ref().is_some_and(|now| !now.findings.is_empty());
        verdicts.filter(said).collect()
    }

    /// Entries.
    pub fn entries(&self) -> Vec<Entry> {
        let w = self.w();
        let told = self.dossier.entries.iter().map(|it| {
            let id = text(it, "entry_id");
            let arrivals = self.dossier.arrivals.iter();
            let arrivals = arrivals.filter(|arrival| text(arrival, "entry_id") == id);
            let proven = &it["entered"]["proven"];
            let proven = text(proven, "from");
            let proven = millis(proven).zip(millis(text(&it["entered"]["proven"], "to")));
            Entry {
                when: self.times(&it["entered"]),
                proven: proven.map_or_else(String::new, |(lo, hi)| {
                    bounds(self.language, Interval { lo, hi })
                }),
                contradicts: it["entered"]["contradicts"] == true,
                arrivals: arrivals
                    .map(|arrival| Arrival {
                        when: self.times(&arrival["entered"]),
                        who: self.people(&arrival["samplers"]),
                        device: self.device(text(arrival, "device_id")),
                        shown: match arrival["id_shown"] == true {
                            true => fill(w.notice_shown, "no", text(arrival, "notice_no")),
                            false => fill(w.notice_not_shown, "no", text(arrival, "notice_no")),
                        },
                    })
                    .collect(),
                verdict: self.verdict(&format!("entry/{id}")),
            }
        });
        told.collect()
    }

    fn seals(&self, id: &str) -> Vec<Seal> {
        let w = self.w();
        let seals = self.dossier.seals.iter();
        let seals = seals.filter(|it| text(&it["subject"], "id") == id);
        let told = seals.map(|it| {
            let claim: Option<sync_core::model::TimeClaim> =
                serde_json::from_value(it["sealed_at"].clone()).ok();
            let when = match claim.as_ref().and_then(|claim| claim.claimed()) {
                Some(interval) => When::between(self.language, interval),
                None => When::at(self.language, claim.map_or(0, |claim| claim.wall_ms)),
            };
            Seal {
                when,
                who: self.people(&it["signers"]),
                party: match (
                    it["party_signed"] == true,
                    text(&it["party_signature"], "party"),
                ) {
                    (true, "signed") => w.party_signed,
                    (true, _) => w.party_refused,
                    (false, _) => w.party_missing,
                },
                digest: text(it, "digest").to_owned(),
                faults: list(&it["faults"]),
            }
        });
        told.collect()
    }

    fn amendments(&self, id: &str) -> Vec<Amendment> {
        let found = self.dossier.amendments.iter();
        let found = found.filter(|it| text(&it["subject"], "id") == id);
        let told = found.map(|it| {
            let fields = it["amendment"]["fields"].as_array().into_iter().flatten();
            let fields = fields.map(|field| {
                let path = field["path"].as_array().into_iter().flatten();
                let path: Vec<_> = path.filter_map(Value::as_str).collect();
                (
                    self.field(&path),
                    self.value(&path, &field["old"]),
                    self.value(&path, &field["new"]),
                )
            });
            Amendment {
                who: self.person(text(&it["by"], "user_id")),
                reason: text(&it["amendment"]["amendment"], "reason").to_owned(),
                signed: it["verdict"]["verified"] == true,
                fields: fields.collect(),
            }
        });
        told.collect()
    }

    /// Samples, as they were sealed.
    pub fn samples(&self) -> Vec<Sample> {
        let w = self.w();
        let told = self.dossier.samples.iter().map(|it| {
            let sheet = &it["sheet"];
            let id = text(it, "sample_id");
            let quantity = |field: &str| {
                let milli = sheet[field].as_i64();
                milli.map_or_else(String::new, |milli| {
                    format!("{} {}", thousandths(milli), text(sheet, "unit"))
                })
            };
            let seals = sheet["seals"].as_object().into_iter().flatten();
            let seals: Vec<_> = seals.map(|(number, _)| number.as_str()).collect();
            let producer = &sheet["producer"];
            let party = &sheet["sampled_party"];
            let mut facts = vec![
                fact(w.sampled_party, named(party)),
                fact(w.producer, named(producer)),
                fact(w.standards, list(&sheet["standards"])),
                fact(w.spec_model, text(sheet, "spec_model").to_owned()),
                fact(w.trademark, text(sheet, "trademark").to_owned()),
                fact(w.grade, text(sheet, "grade").to_owned()),
                fact(
                    w.production_date,
                    written_day(self.language, text(sheet, "production_date")),
                ),
                fact(w.lot_no, text(sheet, "lot_no").to_owned()),
                fact(w.lot_base, quantity("lot_base_milli")),
                fact(w.test_qty, quantity("test_qty_milli")),
                fact(w.spare_qty, quantity("spare_qty_milli")),
                fact(w.seal_numbers, seals.join(self.language.pick("、", ", "))),
                fact(
                    w.sampling_kind,
                    self.word("sampling_kind", text(sheet, "sampling_kind"))
                        .to_owned(),
                ),
                fact(
                    w.channel,
                    self.word("channel", text(sheet, "channel")).to_owned(),
                ),
                fact(w.remarks, text(sheet, "remarks").to_owned()),
            ];
            facts.retain(|it| !it.value.trim().is_empty());
            Sample {
                name: text(sheet, "product_name").to_owned(),
                number: text(it, "sheet_no").to_owned(),
                sealed: it["sealed"] == true,
                facts,
                faults: list(&it["faults"]),
                seals: self.seals(id),
                amendments: self.amendments(id),
                verdict: self.verdict(&format!("sample/{id}")),
                id: id.to_owned(),
            }
        });
        told.collect()
    }

    /// Refusals, what was not sampled, and reports.
    pub fn records(&self) -> Vec<Record> {
        let w = self.w();
        let kinds = [
            (
                "refusals",
                "refusal",
                "refusal_id",
                w.refusal,
                "refusal_kind",
                "kind",
            ),
            (
                "not_sampled",
                "not_sampled",
                "not_sampled_id",
                w.story_not_sampled,
                "not_sampled_reason",
                "reason",
            ),
            (
                "on_site_reports",
                "on_site_report",
                "report_id",
                w.on_site_report,
                "report_grounds",
                "grounds",
            ),
        ];
        let mut told = Vec::new();
        for (shelf, kind, key, name, of, field) in kinds {
            for it in self.dossier.records[shelf].as_array().into_iter().flatten() {
                let record = &it["record"];
                let id = text(record, key);
                let case = self.dossier.cases.iter();
                let case = case.clone().find(|case| text(case, "subject_id") == id);
                let mut facts = vec![
                    fact(w.kind, self.word(of, text(record, field)).to_owned()),
                    fact(w.facts_found, text(record, "fact_description").to_owned()),
                    fact(w.facts_found, text(record, "description").to_owned()),
                    fact(w.product_sampled, text(record, "product_name").to_owned()),
                    fact(w.witness, text(record, "witness").to_owned()),
                    fact(w.consequence, text(record, "consequence").to_owned()),
                    fact(w.recorded_by, self.person(text(&it["by"], "user_id"))),
                    fact(w.remarks, list(&it["faults"])),
                ];
                facts.retain(|it| !it.value.trim().is_empty());
                told.push(Record {
                    kind,
                    name,
                    chip: match case {
                        Some(case) => self.state_chip("case_state", text(case, "state")),
                        None if it["sealed"] == true => ("good", w.sealed.to_owned()),
                        None => ("calm", w.not_sealed.to_owned()),
                    },
                    facts,
                    seals: self.seals(id),
                    amendments: self.amendments(id),
                    proofs: self.proofs(id),
                    verdict: self.verdict(&format!("refusal/{id}")),
                    id: id.to_owned(),
                });
            }
        }
        told
    }

    /// What proves the confirmations of a record: who, when, how far from the gate, who stood together.
    fn proofs(&self, id: &str) -> Vec<Fact> {
        let w = self.w();
        let mut told = Vec::new();
        for it in &self.dossier.confirmations {
            let fact_of = &it["reading"]["fact"];
            if text(&fact_of["subject"], "id") != id {
                continue;
            }
            let proof = &it["proof"];
            told.push(fact(w.officers, self.people(&fact_of["officers"])));
            let outcome = text(fact_of, "outcome");
            told.push(fact(w.outcome, self.word("case_state", outcome).to_owned()));
            if let Some(when) = self.times(&proof["confirmed"]) {
                told.push(fact(
                    w.confirmed_when,
                    format!("{}（{}）", when.text, when.hover),
                ));
            }
            if let Some(metres) = proof["metres_from_entry"].as_i64() {
                told.push(fact(w.distance_from_entry, self.metres(metres)));
            }
            for together in proof["co_signatures"].as_array().into_iter().flatten() {
                let who = self.person(text(together, "user_id"));
                let apart = together["metres_apart"].as_i64().map(|m| self.metres(m));
                let value = [who, apart.unwrap_or_default()].join(" ");
                told.push(fact(w.stood_together, value));
            }
            for finding in it["findings"].as_array().into_iter().flatten() {
                let finding = self.finding(finding);
                let value = format!("{} {}（{}）", finding.rule, finding.text, finding.citation);
                told.push(fact(w.finding, value));
            }
        }
        told
    }

    /// Conflicts with every value.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let told = self.dossier.conflicts.iter().map(|it| {
            let record = &it["record"];
            let values = record["values"].as_array().into_iter().flatten();
            let path = record["path"].as_array().into_iter().flatten();
            let path: Vec<_> = path.filter_map(Value::as_str).collect();
            Conflict {
                path: match path.as_slice() {
                    [root, item, field @ ..] if !field.is_empty() => {
                        let of = self.known(item).unwrap_or_default();
                        let told = [self.section(root), &of, &self.field(&path)].join(" ");
                        Vec::from_iter(told.split_whitespace()).join(" ")
                    }
                    other => self.field(other),
                },
                open: record["open"] == true,
                values: values
                    .map(|value| {
                        (
                            self.value(&path, &value["value"]),
                            value["change"] == record["winner"],
                        )
                    })
                    .collect(),
            }
        });
        told.collect()
    }

    /// What lies aside.
    pub fn aside(&self) -> Vec<Aside> {
        let told = self.dossier.aside.iter().map(|it: &AsideView| {
            let content = it.content.as_ref().map(|content| &content.touched);
            let fields = content.into_iter().flatten().map(|field| {
                let new = field.new.clone().unwrap_or_default();
                let path: Vec<_> = field.path.iter().map(String::as_str).collect();
                (self.field(&path), self.value(&path, &Value::String(new)))
            });
            let state = serde_json::to_value(&it.state).unwrap_or_default();
            let quarantined = state.to_string().contains("\"quarantined\"") && !it.admitted;
            let device = self.device(it.device_id.as_deref().unwrap_or_default());
            let carrier = self.device(&it.carrier_device_id);
            Aside {
                item: it.item_id.clone(),
                text: self.language.pick(&it.zh, &it.en).to_owned(),
                quarantined,
                may_be_admitted: it.may_be_admitted,
                who: self.person(it.author.as_deref().unwrap_or_default()),
                device: match device == carrier || device.is_empty() {
                    true => carrier,
                    false => format!("{device} → {carrier}"),
                },
                when: millis(&it.received_at).map(|at| When::at(self.language, at)),
                fields: fields.collect(),
            }
        });
        told.collect()
    }

    /// Evidence, in the order in which it was captured.
    pub fn pieces(&self, items: &[EvidenceView]) -> Vec<Piece> {
        let mut told: Vec<(Option<Millis>, Piece)> = items
            .iter()
            .map(|it| {
                let kind = match it.state.as_str() {
                    "verified" => "good",
                    "mismatch" => "bad",
                    _ => "calm",
                };
                let subject = &it.subject;
                let made = it.media.as_ref().map(|media| serde_json::json!(media));
                let preview = made.is_some_and(|media| media["preview"] == "made");
                let film = it.media_type.starts_with("video/");
                let when = self.times(&it.captured);
                let order = when.as_ref().and_then(|when| millis(&when.machine));
                let piece = Piece {
                    id: it.evidence_id.clone(),
                    kind: self.word("evidence_kind", &it.kind),
                    subject: match text(subject, "kind") {
                        "sheet" => self.subject(&format!("sample/{}", text(subject, "id"))),
                        "refusal" => self.w().refusal.to_owned(),
                        _ => String::new(),
                    },
                    when,
                    chip: (kind, self.language.pick(&it.zh, &it.en).to_owned()),
                    picture: preview,
                    film,
                    here: it.state == "verified",
                    reviewed: it
                        .review_state()
                        .filter(|state| *state != "unreviewed")
                        .map(|state| {
                            let words = review::state_words(self.language, state);
                            (review::mark(state), words)
                        }),
                    review: match self.reviews {
                        true => review::of_piece(&self.dossier.visit.visit_id, &it.evidence_id),
                        false => String::new(),
                    },
                    who: self.person(it.user_id.as_deref().unwrap_or_default()),
                    device: self.device(it.device_id.as_deref().unwrap_or_default()),
                    device_id: it.device_id.as_deref().and_then(|id| id.parse().ok()),
                    device_href: String::new(),
                };
                (order, piece)
            })
            .collect();
        told.sort_by_key(|(order, _)| *order);
        told.into_iter().map(|(_, piece)| piece).collect()
    }
}

fn fact(name: &'static str, value: String) -> Fact {
    Fact {
        name,
        value,
        when: None,
    }
}

/// The texts of a list.
fn list(values: &Value) -> String {
    let values = values.as_array().into_iter().flatten();
    let texts: Vec<String> = values
        .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
        .collect();
    texts.join(", ")
}

/// A party by its name and code.
fn named(party: &Value) -> String {
    let parts = [
        text(party, "name"),
        text(party, "uscc"),
        text(party, "address"),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    parts.join(" · ")
}

/// Thousandths as people write them: `12`, `0.5`.
fn thousandths(milli: i64) -> String {
    let (whole, rest) = (milli / 1_000, (milli % 1_000).abs());
    match rest {
        0 => Count(whole).to_string(),
        rest => format!(
            "{}.{}",
            Count(whole),
            format!("{rest:03}").trim_end_matches('0')
        ),
    }
}
