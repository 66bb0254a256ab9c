//! I4, one verdict: with the same facts phone and server give the same findings, byte for byte.

use fieldseal_server::services::ruling::{gather, rulebooks};
use fieldseal_tests::World;
use sync_core::model::{CampaignId, EnterpriseKey, OrganisationId};
use sync_core::rules::{ScopeKey, rule};

#[test]
fn phone_and_server_give_the_same_findings_from_the_same_facts() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.enters("铸造");
    a.draws("T1");
    w.minutes(20);
    b.enters("铸造");
    b.draws("T5");
    w.sync_all(&[&b, &a]);
    let door = ScopeKey::Door {
        campaign_id: w
            .id("campaign", "JC-2025-01")
            .parse::<CampaignId>()
            .unwrap(),
        body_id: w
            .id("organisation", "晋阳")
            .parse::<OrganisationId>()
            .unwrap(),
        enterprise: EnterpriseKey("uscc:911405250000B1E536".to_owned()),
    };
    let scopes = [
        door,
        ScopeKey::Visit {
            document_id: a.visit(),
        },
        ScopeKey::Visit {
            document_id: b.visit(),
        },
    ];
    let app = &w.server.app;
    for scope in scopes {
        let (facts, books) = w.server.runtime.block_on(async {
            let mut db = app.store.read().await.unwrap();
            let facts = gather::facts(&mut db, &scope).await.unwrap();
            (
                facts,
                rulebooks::in_force(&app.rulebooks, &mut db).await.unwrap(),
            )
        });
        let server = serde_json::to_string(&rule(&facts, &books)).unwrap();
        assert!(!server.contains(r#""outcomes":[]"#), "{scope} says nothing");
        let phone = a.client.verdict(&serde_json::to_string(&facts).unwrap());
        assert_eq!(phone.unwrap(), server, "{scope}");
    }
}
