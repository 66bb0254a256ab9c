//! What several tests begin with: an entry that is contested, a visit of which everything was done that is logged, a
//! refusal without a reason, a sampling that another system knows of.

use mobile_ffi::RefusalInput;
use serde_json::json;
use sync_core::model::{DocumentId, SampleId};

use crate::{Phone, World};

/// Two teams of one body at one door, at times that cannot be told apart; both have come to the server.
pub struct Contested {
    /// The phones of 王 and 李.
    pub phones: [Phone; 2],
    /// The visit of each.
    pub visits: [DocumentId; 2],
}

/// A refusal without a reason (无正当理由拒绝), whose consequence was explained; of no task.
pub fn without_reason(fact: &str, product: &str, witness: &str) -> RefusalInput {
    RefusalInput {
        kind: "no_reason".to_owned(),
        fact_description: fact.to_owned(),
        product: product.to_owned(),
        witness: Some(witness.to_owned()),
        consequence_explained: true,
        consequence: None,
        task_id: None,
    }
}

impl World {
    /// 王 and 李 at the door of 铸造, each with a sheet.
    #[track_caller]
    pub fn contests(&self) -> Contested {
        let (mut a, mut b) = (self.phone("王"), self.phone("李"));
        a.offline();
        b.offline();
        let one = a.enters("铸造");
        a.draws("T1");
        let other = b.enters("铸造");
        b.draws("T5");
        a.online().syncs();
        b.online().syncs();
        assert_eq!(self.standings(one), ["contested"]);
        Contested {
            phones: [a, b],
            visits: [one, other],
        }
    }

    /// A visit to 铸造 by a phone of 晋城 which came to the server, whose sample the laboratory has and whose entry the
    /// authority settled: of everything that a visit's chain logs there is one line at least.
    pub fn does_all_that_is_logged(&self, phone: &mut Phone) -> (DocumentId, SampleId) {
        let visit = phone.enters("铸造");
        let sample = phone.draws("T1");
        phone.syncs();
        self.receives("钱", sample);
        self.rules_entry("晋城", visit, "first");
        (visit, sample)
    }

    /// Somebody enters what another system knows: manhole covers of 铸造, sampled in February 2025 for this authority.
    #[track_caller]
    pub fn knows_of_covers_sampled_elsewhere(&self, who: &str, authority: &str, region: &str) {
        let elsewhere = json!({
            "source": "e-CQS", "confidence": "confirmed", "sampled_on": "2025-02-01", "sampling_kind": "routine",
            "authority_id": self.id("organisation", authority), "region": region,
            "enterprise_uscc": "911405250000B1E536", "product_name": "检查井盖",
            "producer_uscc": "911405250000B1E536", "standards": ["GB/T 23858-2009"],
            "trademark": "示例", "spec_model": "标准型",
        });
        self.call("POST", who, "/v1/prior-samplings", elsewhere)
            .expect(201);
    }
}
