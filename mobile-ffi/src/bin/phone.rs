//! A phone without a face, for tests that kill it: it opens a store, records visits in a loop and syncs, and says every
//! acknowledged action on standard output, one line each, flushed. What was said must be there after a SIGKILL.
//!
//! `phone <database> <campaign id> [<server> <code>]`: enrols with the code if it is given, then works until killed.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use mobile_ffi::{ArrivalInput, Client, ClientError, EnterpriseChoice, Host, VisitStart};
use sync_core::model::CampaignId;

fn say(action: &str, what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    // Nobody listening is as good as killed.
    if writeln!(out, "{action} {what}")
        .and_then(|()| out.flush())
        .is_err()
    {
        std::process::exit(0);
    }
}

fn work(arguments: &[String]) -> Result<(), ClientError> {
    let usage = || ClientError::new("usage", "phone <database> <campaign id> [<server> <code>]");
    let [database, campaign, enrolment @ ..] = arguments else {
        return Err(usage());
    };
    let campaign_id: CampaignId = campaign.parse().map_err(|_| usage())?;
    let client = Client::open(Path::new(database), Host::system())?;
    if let [server, code] = enrolment {
        let enrolled = client.enrol(server, code, "headless")?;
        say("enrolled", enrolled.device_id);
    }
    let listed = client.visits()?.len();
    for number in listed.. {
        let start = VisitStart {
            campaign_id,
            enterprise: EnterpriseChoice::Unlisted {
                name: format!("示例单位{number}"),
                uscc: None,
                no_uscc_reason: Some("个体摊位".to_owned()),
                address: "示例路".to_owned(),
                region: Some("140525".to_owned()),
            },
            team_id: None,
            site: None,
        };
        let visit = client.start_visit(start)?;
        say("visit", visit);
        let arrival = client.record_arrival(visit, ArrivalInput::default())?;
        say("arrival", format_args!("{visit} {arrival}"));
        let suspension = client.suspend(visit, "停电")?;
        say("suspension", format_args!("{visit} {suspension}"));
        if number % 3 == 2 {
            let report = client.sync()?;
            say(
                "sync",
                format_args!("{:?} {}", report.outcome, report.unsent),
            );
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match work(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
