//! The operation table: one row per operation of the API, saying who may call it and what they reach. The gate refuses an
//! operation without a row, and the server does not start with one. To add an endpoint: add its row here and its handler
//! in `router.rs`; the test `every_operation_keeps_strangers_out` then tries it with no token, a wrong role, a revoked
//! device and from a wrong region, by the row's [`Probe`].

use super::principal::Principal;
use super::role::Role;

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without a token.
    Public,
    /// Anybody with a valid session.
    Anyone,
    /// Whoever has one of these roles.
    Roles(&'static [Role]),
}

impl Who {
    /// Whether it lets somebody in who has a session.
    pub fn admits(self, caller: &Principal) -> bool {
        match self {
            Self::Public | Self::Anyone => true,
            Self::Roles(roles) => caller.has_any(roles),
        }
    }
}

/// What a caller reaches. The gate checks `OwnDevice`; the others are in the services' queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The same for everybody.
    Everything,
    /// What belongs to the calling device; without one it is refused.
    OwnDevice,
    /// What belongs to the caller's organisation.
    OwnOrganisation,
    /// The caller's organisation, and what lies in their regions or below.
    RegionAndBelow,
}

/// How it shows that something lies outside of the caller's region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// As if it did not exist: 404.
    NotFound,
    /// A refusal: 403.
    Forbidden,
    /// A value that names nothing the caller sees: 422.
    Invalid,
    /// A list (`items`) without it: 200, and the body nowhere contains an identifier of that province.
    Absent,
    /// Region does not bear on it, for this reason.
    Irrelevant(&'static str),
}

/// How a test calls the operation. Words in braces are filled in by the test's world: `{foreign_organisation}`,
/// `{foreign_user}`, `{foreign_device}`, `{foreign_campaign}`, `{foreign_task}`, `{foreign_team}`, `{foreign_enterprise}`,
/// `{foreign_alias}` and `{foreign_session}` lie in another province; `{foreign_region}` is that province.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// The path, with the braces filled as said.
    pub path: &'static str,
    /// The JSON body; valid but for the region.
    pub body: Option<&'static str>,
    /// What a caller with the right role in a wrong region gets.
    pub elsewhere: Elsewhere,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The operation id of the OpenAPI document.
    pub id: &'static str,
    /// Who may call.
    pub who: Who,
    /// What they reach.
    pub scope: Scope,
    /// How a test calls it.
    pub probe: Probe,
}

const fn public(id: &'static str, path: &'static str) -> Operation {
    let elsewhere = Elsewhere::Irrelevant("it is public");
    let probe = Probe {
        path,
        body: None,
        elsewhere,
    };
    Operation {
        id,
        who: Who::Public,
        scope: Scope::Everything,
        probe,
    }
}

const fn read(path: &'static str, elsewhere: Elsewhere) -> Probe {
    Probe {
        path,
        body: None,
        elsewhere,
    }
}

const ADMIN: Who = Who::Roles(&[Role::Admin]);
/// Who rules on validity (组织抽查部门).
pub const RULERS: Who = Who::Roles(&[Role::Authority]);
/// Who decides what a refusal is and enters it where the public reads it (执法监管人员、组织抽查部门).
pub const ENFORCERS: Who = Who::Roles(&[Role::Enforcement, Role::Authority]);
const FOLLOWERS: Who = Who::Roles(&[Role::Enforcement, Role::Authority, Role::Admin]);
const PEOPLE_READERS: Who = Who::Roles(&[Role::Admin, Role::InspectionBody]);

const AUTHORITIES: Who = Who::Roles(&[Role::Authority, Role::Admin]);
const TEAM_MAKERS: Who = Who::Roles(&[Role::InspectionBody, Role::Authority, Role::Admin]);
const SAMPLERS: Who = Who::Roles(&[Role::Sampler]);
/// A team gives its lease back; its body or the authority of the campaign may do so for it.
const LEASE_HOLDERS: Who = Who::Roles(&[
    Role::Sampler,
    Role::InspectionBody,
    Role::Authority,
    Role::Admin,
]);
const LABORATORY: Who = Who::Roles(&[Role::LabReceiver]);
const RESULT_SERVERS: Who = Who::Roles(&[Role::InspectionBody, Role::Authority]);

const fn own_upload(id: &'static str, path: &'static str) -> Operation {
    let elsewhere = Elsewhere::Irrelevant("a device reaches its own uploads alone");
    Operation {
        id,
        who: Who::Anyone,
        scope: Scope::OwnDevice,
        probe: read(path, elsewhere),
    }
}

const fn own_push_token(id: &'static str, body: Option<&'static str>) -> Operation {
    let probe = Probe {
        path: "/v1/devices/{foreign_device}/push-token",
        body,
        elsewhere: Elsewhere::NotFound,
    };
    Operation {
        id,
        who: Who::Anyone,
        scope: Scope::OwnDevice,
        probe,
    }
}

/// Who deals with cases (现场执法监管人员, 组织抽查部门).
pub const CASE_PEOPLE: Who = Who::Roles(&[Role::Enforcement, Role::Authority]);
/// And the case office (案件机构), once a case was handed over to it.
pub const CASE_OFFICES: Who = Who::Roles(&[Role::Enforcement, Role::Authority, Role::Consulted]);

/// A path of a case that nobody has.
macro_rules! a_case {
    () => {
        "/v1/cases/0000000000000000000000000000000000000000000000000000000000000000/01900000-0000-7000-8000-000000000001"
    };
}

/// A path of an upload that nobody has.
const AN_UPLOAD: &str = "/v1/uploads/01900000-0000-7000-8000-000000000001";

/// The table.
pub const OPERATIONS: &[Operation] = &[
    public("live", "/health/live"),
    public("ready", "/health/ready"),
    public("metrics", "/metrics"),
    public("openapi", "/v1/openapi.json"),
    public("docs", "/docs"),
    public("problems", "/docs/problems"),
    // Access.
    Operation {
        id: "create_organisation",
        who: ADMIN,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/organisations",
            body: Some(r#"{"kind":"station","name":"站","region":"{foreign_region}"}"#),
            elsewhere: Elsewhere::Forbidden,
        },
    },
    Operation {
        id: "list_organisations",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/organisations", Elsewhere::Absent),
    },
    Operation {
        id: "get_organisation",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/organisations/{foreign_organisation}",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "create_user",
        who: ADMIN,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/users",
            body: Some(
                r#"{"organisation_id":"{foreign_organisation}","username":"probe","display_name":"某",
                "roles":["sampler"],"password":"long enough to pass"}"#,
            ),
            elsewhere: Elsewhere::Invalid,
        },
    },
    Operation {
        id: "list_users",
        who: PEOPLE_READERS,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/users", Elsewhere::Absent),
    },
    Operation {
        id: "get_user",
        who: PEOPLE_READERS,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/users/{foreign_user}", Elsewhere::NotFound),
    },
    Operation {
        id: "update_user",
        who: ADMIN,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/users/{foreign_user}",
            body: Some(r#"{"active":false}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "create_enrolment_code",
        who: ADMIN,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/enrolment-codes",
            body: Some(r#"{"user_id":"{foreign_user}"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    public("create_challenge", "/v1/challenges"),
    public("enrol_device", "/v1/devices"),
    Operation {
        id: "list_devices",
        who: PEOPLE_READERS,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/devices", Elsewhere::Absent),
    },
    Operation {
        id: "get_device",
        who: PEOPLE_READERS,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/devices/{foreign_device}", Elsewhere::NotFound),
    },
    Operation {
        id: "create_signer",
        who: Who::Anyone,
        scope: Scope::OwnDevice,
        probe: Probe {
            path: "/v1/devices/{foreign_device}/signers",
            body: Some(
                r#"{"username":"x","password":"x","public_key":"","challenge":"x","signature":""}"#,
            ),
            elsewhere: Elsewhere::NotFound,
        },
    },
    own_push_token("put_push_token", Some(r#"{"endpoint":"push","token":"x"}"#)),
    own_push_token("delete_push_token", None),
    Operation {
        id: "put_agreement_key",
        who: Who::Anyone,
        scope: Scope::OwnDevice,
        probe: Probe {
            path: "/v1/devices/{foreign_device}/agreement-key",
            body: Some(r#"{"agreement_key":"","challenge":"x","signature":""}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "revoke_device",
        who: ADMIN,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/devices/{foreign_device}/revocation",
            body: Some(r#"{"reason":"lost"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    // Sync and rulings.
    Operation {
        id: "sync",
        who: Who::Anyone,
        scope: Scope::OwnDevice,
        probe: Probe {
            path: "/v1/sync",
            body: Some("{}"),
            elsewhere: Elsewhere::Irrelevant(
                "the feed is scoped row by row; sync's own tests try it",
            ),
        },
    },
    Operation {
        id: "listen_to_events",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/events",
            Elsewhere::Irrelevant("a stream is scoped row by row; its own tests try it"),
        ),
    },
    Operation {
        id: "list_visits",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/visits", Elsewhere::Absent),
    },
    Operation {
        id: "get_visit",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "list_visit_log",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/log",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "get_visit_proof",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/proof",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "get_visit_bundle",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/bundle",
            Elsewhere::NotFound,
        ),
    },
    public("list_checkpoints", "/v1/checkpoints"),
    public("get_checkpoint", "/v1/checkpoints/1"),
    public(
        "get_seal",
        "/v1/seals/0000000000000000000000000000000000000000000000000000000000000000",
    ),
    Operation {
        id: "create_checkpoint",
        who: Who::Anyone,
        scope: Scope::Everything,
        probe: read(
            "/v1/checkpoints",
            Elsewhere::Irrelevant("it is over everything, and tells of no record"),
        ),
    },
    Operation {
        id: "list_visit_evidence",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/evidence",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "get_visit_form",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/forms/sheet/00000000-0000-0000-0000-000000000000",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "list_adjudications",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/adjudications", Elsewhere::Absent),
    },
    Operation {
        id: "get_adjudication",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/adjudications/of?subject=sample/01900000-0000-7000-8000-000000000001",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "list_evidence",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/evidence?state=all", Elsewhere::Absent),
    },
    Operation {
        id: "get_evidence",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/evidence/00000000-0000-0000-0000-000000000000",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "review_evidence",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/evidence/00000000-0000-0000-0000-000000000000/reviews",
            body: Some(r#"{"verdict":"accepted","expected_version":0}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "get_evidence_content",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/evidence/00000000-0000-0000-0000-000000000000/content",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "get_evidence_rendition",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/evidence/00000000-0000-0000-0000-000000000000/renditions/thumbnail",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "get_evidence_link",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/evidence/00000000-0000-0000-0000-000000000000/link",
            Elsewhere::NotFound,
        ),
    },
    public("read_media", "/v1/media/x"),
    Operation {
        id: "list_cases",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/cases", Elsewhere::Absent),
    },
    Operation {
        id: "get_case",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(a_case!(), Elsewhere::NotFound),
    },
    Operation {
        id: "take_case",
        who: CASE_PEOPLE,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: concat!(a_case!(), "/taking"),
            body: None,
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "give_back_case",
        who: CASE_PEOPLE,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: concat!(a_case!(), "/giving-back"),
            body: Some(r#"{"reason":"x"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "receive_case",
        who: CASE_PEOPLE,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: concat!(a_case!(), "/receipt"),
            body: Some(r#"{"receipt_no":"1"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "hand_over_case",
        who: CASE_PEOPLE,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: concat!(a_case!(), "/hand-over"),
            body: Some(r#"{"office":"x","receipt_no":"1"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "dispose_of_case",
        who: CASE_OFFICES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: concat!(a_case!(), "/disposal"),
            body: Some(r#"{"result":"x"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "list_not_sampled",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/not-sampled", Elsewhere::Absent),
    },
    Operation {
        id: "export_not_sampled",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/not-sampled.csv",
            Elsewhere::Irrelevant("a file of the rows of the list beside it; its own tests try it"),
        ),
    },
    Operation {
        id: "export_visits",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits.csv",
            Elsewhere::Irrelevant("a file of the rows of the list beside it; its own tests try it"),
        ),
    },
    Operation {
        id: "list_figures",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/figures",
            Elsewhere::Irrelevant(
                "it counts and names nothing; its own tests try what it counts for whom",
            ),
        ),
    },
    Operation {
        id: "export_figures",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/figures.csv",
            Elsewhere::Irrelevant("a file of the figures beside it"),
        ),
    },
    Operation {
        id: "list_visit_rulings",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/visits/0000000000000000000000000000000000000000000000000000000000000000/rulings",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "get_ruling",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/rulings/00000000-0000-0000-0000-000000000000",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "get_ruling_facts",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/rulings/00000000-0000-0000-0000-000000000000/facts",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "get_scope_facts",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/scopes/visit%2F0000000000000000000000000000000000000000000000000000000000000000/facts",
            Elsewhere::NotFound,
        ),
    },
    Operation {
        id: "decide_entry",
        who: RULERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/entries/0000000000000000000000000000000000000000000000000000000000000000%2F2025-03-01/rulings",
            body: Some(r#"{"standing":"first","reason":"x"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "decide_sample",
        who: RULERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/samples/00000000-0000-0000-0000-000000000000/rulings",
            body: Some(r#"{"validity":"valid","reason":"x"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "decide_refusal",
        who: ENFORCERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/refusals/00000000-0000-0000-0000-000000000000/rulings",
            body: Some(r#"{"refusal":"confirmed","reason":"x"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    // What follows from refusals.
    Operation {
        id: "list_tracked_enterprises",
        who: FOLLOWERS,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/tracked-enterprises", Elsewhere::Absent),
    },
    Operation {
        id: "list_publicity_messages",
        who: FOLLOWERS,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/publicity-messages", Elsewhere::Absent),
    },
    Operation {
        id: "deliver_publicity_message",
        who: ENFORCERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/publicity-messages/00000000-0000-0000-0000-000000000000/delivery",
            body: Some(r#"{"receipt":"x"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "list_quarantine",
        who: Who::Roles(&[Role::Authority, Role::InspectionBody, Role::Admin]),
        scope: Scope::RegionAndBelow,
        probe: read("/v1/quarantine", Elsewhere::Absent),
    },
    Operation {
        id: "admit_change",
        who: RULERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/quarantine/00000000-0000-0000-0000-000000000000/admission",
            body: Some(r#"{"reason":"x"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "get_doctor",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/devices/{foreign_device}/doctor", Elsewhere::NotFound),
    },
    public("create_tokens", "/v1/tokens"),
    Operation {
        id: "delete_tokens",
        who: Who::Anyone,
        scope: Scope::Everything,
        probe: read(
            "/v1/tokens",
            Elsewhere::Irrelevant("it ends the caller's own session"),
        ),
    },
    Operation {
        id: "list_sessions",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/sessions", Elsewhere::Absent),
    },
    Operation {
        id: "end_session",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/sessions/{foreign_session}", Elsewhere::NotFound),
    },
    Operation {
        id: "end_other_sessions",
        who: Who::Anyone,
        scope: Scope::Everything,
        probe: read(
            "/v1/sessions",
            Elsewhere::Irrelevant("it ends the caller's own sessions"),
        ),
    },
    public("begin_oidc_login", "/v1/oidc/login"),
    public("finish_oidc_login", "/v1/oidc/callback"),
    public("jwks", "/.well-known/jwks.json"),
    public("list_server_keys", "/v1/server-keys"),
    Operation {
        id: "list_audit_events",
        who: ADMIN,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/audit-events", Elsewhere::Absent),
    },
    // Reference data.
    Operation {
        id: "create_campaign",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/campaigns",
            body: Some(r#"{"authority_id":"{foreign_organisation}","code":"X","name":"X"}"#),
            elsewhere: Elsewhere::Invalid,
        },
    },
    Operation {
        id: "list_campaigns",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/campaigns",
            body: None,
            elsewhere: Elsewhere::Absent,
        },
    },
    Operation {
        id: "list_tasks",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/tasks",
            body: None,
            elsewhere: Elsewhere::Absent,
        },
    },
    Operation {
        id: "list_teams",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/teams",
            body: None,
            elsewhere: Elsewhere::Absent,
        },
    },
    Operation {
        id: "list_enterprises",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/enterprises",
            body: None,
            elsewhere: Elsewhere::Absent,
        },
    },
    Operation {
        id: "list_samples",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/samples",
            body: None,
            elsewhere: Elsewhere::Absent,
        },
    },
    Operation {
        id: "get_campaign",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/campaigns/{foreign_campaign}",
            body: None,
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "get_task",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/tasks/{foreign_task}",
            body: None,
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "get_team",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/teams/{foreign_team}",
            body: None,
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "get_enterprise",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/enterprises/{foreign_enterprise}",
            body: None,
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "get_sample",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/samples/01900000-0000-7000-8000-000000000000",
            body: None,
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "create_task",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/tasks",
            body: Some(
                r#"{"campaign_id":"{foreign_campaign}","code":"X","product_name":"X","sampling_kind":"routine","quota_batches":1}"#,
            ),
            elsewhere: Elsewhere::Invalid,
        },
    },
    Operation {
        id: "approve_task",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/tasks/{foreign_task}/approval",
            body: None,
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "assign_task",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/tasks/{foreign_task}/assignment",
            body: Some(r#"{"body_id":"{foreign_organisation}"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "cancel_task",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/tasks/{foreign_task}/cancellation",
            body: Some(r#"{"reason":"X"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "create_team",
        who: TEAM_MAKERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/teams",
            body: Some(
                r#"{"body_id":"{foreign_organisation}","campaign_id":"{foreign_campaign}","name":"X","members":[]}"#,
            ),
            elsewhere: Elsewhere::Forbidden,
        },
    },
    Operation {
        id: "update_team",
        who: TEAM_MAKERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/teams/{foreign_team}",
            body: Some(r#"{"members":[]}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "create_enterprise",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/enterprises",
            body: Some(r#"{"name":"X","region":"{foreign_region}"}"#),
            elsewhere: Elsewhere::Forbidden,
        },
    },
    Operation {
        id: "create_alias",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/enterprises/{foreign_enterprise}/aliases",
            body: Some(r#"{"from_key":"server:x","reason":"X"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "undo_alias",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/enterprise-aliases/{foreign_alias}/undoing",
            body: Some(r#"{"reason":"X"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "create_product_rule",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/product-rules",
            body: Some(
                r#"{"authority_id":"{foreign_organisation}","product_name":"X","standards":["X"],"unit":"X","min_base_milli":9,"test_qty_milli":1,"spare_qty_milli":1}"#,
            ),
            elsewhere: Elsewhere::Invalid,
        },
    },
    Operation {
        id: "list_product_rules",
        who: Who::Anyone,
        scope: Scope::Everything,
        probe: Probe {
            path: "/v1/product-rules",
            body: None,
            elsewhere: Elsewhere::Irrelevant("product rules are the same for everybody"),
        },
    },
    Operation {
        id: "suspend_body",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/organisations/{foreign_organisation}/suspensions",
            body: Some(r#"{"reason":"X"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "declare_recusal",
        who: TEAM_MAKERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/tasks/{foreign_task}/recusals",
            body: Some(r#"{"enterprise_id":"{foreign_enterprise}","reason":"X"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "list_suspensions",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/organisations/{foreign_organisation}/suspensions",
            Elsewhere::Absent,
        ),
    },
    Operation {
        id: "lift_suspension",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/suspensions/01900000-0000-7000-8000-000000000000/lift",
            body: Some(r#"{"reason":"X"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "list_recusals",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/tasks/{foreign_task}/recusals", Elsewhere::NotFound),
    },
    Operation {
        id: "export_tasks",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read(
            "/v1/tasks.csv",
            Elsewhere::Irrelevant("a file of the rows of the list beside it; its own tests try it"),
        ),
    },
    Operation {
        id: "disclose_task",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/tasks/{foreign_task}/disclosures",
            body: Some(
                r#"{"enterprise_id":"{foreign_enterprise}","told_at":"2025-03-01T00:00:00Z","detail":"X"}"#,
            ),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "list_task_disclosures",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/tasks/{foreign_task}/disclosures", Elsewhere::NotFound),
    },
    Operation {
        id: "lift_recusal",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/recusals/01900000-0000-7000-8000-000000000000/lift",
            body: Some(r#"{"reason":"X"}"#),
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "create_re_entry_grant",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/re-entry-grants",
            body: Some(
                r#"{"campaign_id":"{foreign_campaign}","body_id":"{foreign_organisation}","enterprise_id":"{foreign_enterprise}","reason":"X","expires_at":"2999-01-01T00:00:00Z"}"#,
            ),
            elsewhere: Elsewhere::Invalid,
        },
    },
    Operation {
        id: "list_re_entry_grants",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/re-entry-grants", Elsewhere::Absent),
    },
    Operation {
        id: "create_sampling_notice",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/sampling-notices",
            body: Some(
                r#"{"notice_no":"X","campaign_id":"{foreign_campaign}","body_id":"{foreign_organisation}","enterprise_id":"{foreign_enterprise}","tasks":["{foreign_task}"],"valid_from":"2999-01-01","valid_until":"2999-01-02"}"#,
            ),
            elsewhere: Elsewhere::Invalid,
        },
    },
    Operation {
        id: "list_sampling_notices",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/sampling-notices", Elsewhere::Absent),
    },
    Operation {
        id: "create_lease",
        who: SAMPLERS,
        scope: Scope::OwnDevice,
        probe: Probe {
            path: "/v1/leases",
            body: Some(
                r#"{"team_id":"{foreign_team}","enterprise_id":"{foreign_enterprise}","duration_s":3600}"#,
            ),
            elsewhere: Elsewhere::Invalid,
        },
    },
    Operation {
        id: "list_leases",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/leases", Elsewhere::Absent),
    },
    Operation {
        id: "release_lease",
        who: LEASE_HOLDERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/leases/01900000-0000-7000-8000-000000000000/release",
            body: None,
            elsewhere: Elsewhere::NotFound,
        },
    },
    Operation {
        id: "publish_rulebook",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/rulebooks",
            body: Some(
                r#"{"text":"id = 'x'\nversion = 1\nextends = 'national'\nregion = '{foreign_region}'\neffective_from = '2999-01-01'\nsource = 'x'"}"#,
            ),
            elsewhere: Elsewhere::Forbidden,
        },
    },
    Operation {
        id: "list_rulebooks",
        who: Who::Anyone,
        scope: Scope::Everything,
        probe: read(
            "/v1/rulebooks",
            Elsewhere::Irrelevant("rulebooks are the same for everybody"),
        ),
    },
    Operation {
        id: "get_rulebook",
        who: Who::Anyone,
        scope: Scope::Everything,
        probe: read(
            "/v1/rulebooks/national/versions/1",
            Elsewhere::Irrelevant("rulebooks are the same for everybody"),
        ),
    },
    Operation {
        id: "get_rulebook_differences",
        who: Who::Anyone,
        scope: Scope::Everything,
        probe: read(
            "/v1/rulebooks/national/versions/1/differences",
            Elsewhere::Irrelevant("rulebooks are the same for everybody"),
        ),
    },
    Operation {
        id: "create_prior_sampling",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/prior-samplings",
            body: Some(
                r#"{"source":"X","confidence":"reported","sampled_on":"2025-02-01","sampling_kind":"routine","region":"{foreign_region}"}"#,
            ),
            elsewhere: Elsewhere::Forbidden,
        },
    },
    Operation {
        id: "list_prior_samplings",
        who: Who::Anyone,
        scope: Scope::RegionAndBelow,
        probe: read("/v1/prior-samplings", Elsewhere::Absent),
    },
    Operation {
        id: "import_file",
        who: AUTHORITIES,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/imports/enterprises",
            body: Some(r#"{}"#),
            elsewhere: Elsewhere::Irrelevant(
                "each row is put by the service of its resource, whose row here shows its scope",
            ),
        },
    },
    Operation {
        id: "create_sheet_number_block",
        who: Who::Anyone,
        scope: Scope::OwnDevice,
        probe: Probe {
            path: "/v1/sheet-number-blocks",
            body: Some(r#"{"request_id":"01900000-0000-7000-8000-000000000000"}"#),
            elsewhere: Elsewhere::Irrelevant("a phone takes numbers for itself"),
        },
    },
    Operation {
        id: "return_papers",
        who: Who::Anyone,
        scope: Scope::OwnDevice,
        probe: Probe {
            path: "/v1/returned-papers",
            body: Some(r#"{}"#),
            elsewhere: Elsewhere::Irrelevant(
                "only what the server signed counts, whoever brings it",
            ),
        },
    },
    // Evidence.
    own_upload("create_upload", "/v1/uploads"),
    own_upload("get_upload", AN_UPLOAD),
    own_upload("append_upload", AN_UPLOAD),
    own_upload("terminate_upload", AN_UPLOAD),
    // The laboratory.
    Operation {
        id: "receive_sample",
        who: LABORATORY,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/samples/01900000-0000-7000-8000-000000000000/receipt",
            body: Some(r#"{"seals":[],"condition":"X","accepted":true}"#),
            elsewhere: Elsewhere::Irrelevant(
                "a sample without a sheet is recorded wherever it arrives; the tests of samples show the scope of others",
            ),
        },
    },
    Operation {
        id: "start_testing",
        who: LABORATORY,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/samples/01900000-0000-7000-8000-000000000000/testing-started",
            body: Some(r#"{}"#),
            elsewhere: Elsewhere::Irrelevant("see receive_sample"),
        },
    },
    Operation {
        id: "serve_result",
        who: RESULT_SERVERS,
        scope: Scope::RegionAndBelow,
        probe: Probe {
            path: "/v1/samples/01900000-0000-7000-8000-000000000000/service",
            body: Some(r#"{"served_at":"2025-03-01T00:00:00Z"}"#),
            elsewhere: Elsewhere::Irrelevant("see receive_sample"),
        },
    },
];
