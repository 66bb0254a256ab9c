//! The demonstration data as files (`tests/demo-data`), and the ids that the server gave what was made of it. Fictional:
//! every check digit is computed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// One file of demonstration data.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataFile {
    /// Authorities before those below them, and inspection bodies.
    pub organisations: Vec<Organisation>,
    /// Who logs in.
    pub people: Vec<Human>,
    /// Sampled parties and producers.
    pub enterprises: Vec<Enterprise>,
    /// Product kinds with their rule (实施细则).
    pub products: Vec<Product>,
    /// Campaigns with teams and tasks.
    pub campaigns: Vec<Campaign>,
}

/// An organisation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// How stories call it.
    pub key: String,
    /// `authority`, `inspection_body`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// 统一社会信用代码
    pub uscc: Option<String>,
    /// GB/T 2260.
    pub region: String,
    /// Key of the authority above; without it, the national one.
    pub parent: Option<String>,
}

/// A person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Human {
    /// How stories call them.
    pub key: String,
    /// To log in.
    pub username: String,
    /// As people write it.
    pub name: String,
    /// Key of their organisation.
    pub organisation: String,
    /// Words of domain.md §1.
    pub roles: Vec<String>,
    /// 抽样员证 / 执法证, if they hold one.
    #[serde(default)]
    pub certificate_no: Option<String>,
}

/// An enterprise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enterprise {
    /// How stories call it.
    pub key: String,
    /// 单位名称
    pub name: String,
    /// 统一社会信用代码
    pub uscc: String,
    /// GB/T 2260.
    pub region: String,
    /// 地址
    pub address: String,
}

/// A product kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// How stories call it.
    pub key: String,
    /// 产品名称
    pub name: String,
    /// 执行标准
    pub standard: String,
    /// 计量单位
    pub unit: String,
    /// 检验样品数量, whole units.
    pub test: i64,
    /// 备用样品数量, whole units.
    pub spare: i64,
    /// 最小抽样基数, whole units.
    pub base: i64,
    /// Key of the enterprise that makes it.
    pub producer: String,
    /// Key of the authority whose rule it is.
    pub authority: String,
}

/// A campaign.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Number of the plan.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Key of the organising authority.
    pub authority: String,
    /// Its teams.
    pub teams: Vec<Team>,
    /// Its tasks.
    pub tasks: Vec<Task>,
}

/// A team (抽样组).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Its name, and how stories call it.
    pub key: String,
    /// Key of its body.
    pub body: String,
    /// Keys of its people.
    pub members: Vec<String>,
}

/// A task (抽查任务).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its number, and how stories call it: distinct across the files.
    pub code: String,
    /// Key of the product.
    pub product: String,
    /// `routine`, `tracking`, …
    pub kind: String,
    /// Key of the body that has it.
    pub body: String,
    /// Key of its team.
    pub team: String,
}

impl DataFile {
    /// Reads `tests/demo-data/<name>.json`.
    pub fn read(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("demo-data");
        let file = folder.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

/// What is known by the names that stories use.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Ids of organisations, people, enterprises, campaigns, teams and tasks, by `kind/key`.
    ids: BTreeMap<String, String>,
    /// People by key.
    pub people: BTreeMap<String, Human>,
    /// Enterprises by key.
    pub enterprises: BTreeMap<String, Enterprise>,
    /// Products by key.
    pub products: BTreeMap<String, Product>,
    /// Tasks by code.
    pub tasks: BTreeMap<String, Task>,
    /// Campaigns by code.
    pub campaigns: BTreeMap<String, Campaign>,
}

impl Catalogue {
    /// Remembers what the server called something.
    pub fn name(&mut self, kind: &str, key: &str, id: String) {
        self.ids.insert(format!("{kind}/{key}"), id);
    }

    /// What the server called it; a name that no file has is a mistake in the story.
    #[track_caller]
    pub fn id(&self, kind: &str, key: &str) -> &str {
        self.ids
            .get(&format!("{kind}/{key}"))
            .unwrap_or_else(|| panic!("no {kind} is called {key}"))
    }

    /// What stories call something, by the server's id.
    pub fn key_of(&self, kind: &str, id: &str) -> Option<&str> {
        let found = self.ids.iter().find(|(name, known)| {
            known.as_str() == id && name.split_once('/').is_some_and(|(k, _)| k == kind)
        });
        found.and_then(|(name, _)| name.split_once('/').map(|(_, key)| key))
    }

    /// The team of a person in a campaign.
    pub fn team_of(&self, person: &str, campaign: &str) -> Option<&Team> {
        let campaign = self.campaigns.get(campaign)?;
        campaign
            .teams
            .iter()
            .find(|team| team.members.iter().any(|member| member == person))
    }

    /// The first campaign in which a person has a team.
    pub fn campaign_of(&self, person: &str) -> Option<&str> {
        let mut codes = self.campaigns.keys();
        codes
            .find(|code| self.team_of(person, code).is_some())
            .map(String::as_str)
    }
}
