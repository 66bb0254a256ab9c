//! The conversation against a server of a few lines that can forget, lag, lie and be cut, without a runtime.

use std::collections::VecDeque;

use super::*;

const SIZE: u64 = 3_000_000;

/// What happens to one request.
#[derive(Debug, Clone)]
enum Fault {
    None,
    /// So many bytes of the part arrive, then the connection is gone.
    CutAfter(u64),
    /// It is done, and nobody hears of it.
    AnswerLost,
    Answered(Answer),
    Unreachable,
}

fn ours(status: u16) -> Answer {
    Answer {
        status,
        ours: true,
        ..Answer::default()
    }
}

fn problem(status: u16, code: &str) -> Fault {
    Fault::Answered(Answer {
        code: code.to_owned(),
        ..ours(status)
    })
}

/// A faithful server as far as the protocol goes.
#[derive(Default)]
struct Server {
    uploads: Vec<Option<Vec<(u64, u64)>>>,
    offset: u64,
    faults: VecDeque<Fault>,
    /// Bytes of the file that crossed the line.
    carried: u64,
    waited: Vec<i64>,
    kept: Option<UploadPath>,
    refreshes: u32,
    parts: Vec<u64>,
    asked: u32,
    /// The phone's copy is no longer what it was.
    damaged: bool,
    /// How often the phone read it.
    verified: u32,
}

impl Server {
    fn with(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self {
            faults: faults.into_iter().collect(),
            ..Self::default()
        }
    }

    fn at(&self) -> Answer {
        Answer {
            offset: Some(self.offset),
            length: Some(SIZE),
            ..ours(204)
        }
    }

    fn knows(&self, upload: &UploadPath) -> bool {
        let newest = self.uploads.len();
        newest > 0
            && upload.as_str() == format!("{UPLOADS_PATH}/{newest}")
            && self.uploads.last().is_some_and(Option::is_some)
    }

    fn meets(&mut self, effect: &Effect) -> Event {
        let fault = self.faults.pop_front().unwrap_or(Fault::None);
        if let Effect::Send { bytes, .. } = effect {
            assert!(*bytes > 0 && *bytes <= UPLOAD_PART_BYTES_MAX, "{bytes}");
            self.parts.push(*bytes);
        }
        match (fault, effect) {
            (Fault::Answered(answer), _) => Event::Answered(answer),
            (Fault::Unreachable, _) => Event::Failed(Failure::Unreachable),
            (Fault::CutAfter(after), Effect::Send { offset, bytes, .. }) => {
                assert_eq!(*offset, self.offset, "only what the server lacks is sent");
                self.offset += after.min(*bytes);
                self.carried += after.min(*bytes);
                Event::Failed(Failure::Unreachable)
            }
            (fault, effect) => {
                let answer = self.does(effect);
                match fault {
                    Fault::None => Event::Answered(answer),
                    _ => Event::Failed(Failure::TimedOut),
                }
            }
        }
    }

    fn does(&mut self, effect: &Effect) -> Answer {
        match effect {
            Effect::Create => {
                self.uploads.push(Some(Vec::new()));
                self.offset = 0;
                let number = self.uploads.len();
                Answer {
                    location: Some(format!("http://inside:8080{UPLOADS_PATH}/{number}")),
                    ..ours(201)
                }
            }
            Effect::Ask(upload) => {
                self.asked += 1;
                match self.knows(upload) {
                    true => Answer {
                        status: 200,
                        ..self.at()
                    },
                    false => ours(404),
                }
            }
            Effect::Send { upload, .. } if !self.knows(upload) => ours(404),
            Effect::Send { offset, .. } if *offset != self.offset => ours(409),
            Effect::Send { bytes, .. } => {
                self.offset += bytes;
                self.carried += bytes;
                self.at()
            }
            other => panic!("{other:?} is no request"),
        }
    }

    /// One conversation to its end.
    fn talks(&mut self, upload: &mut Upload) -> End {
        let mut event = Event::Started;
        for _ in 0..10_000 {
            let now = Moment {
                monotonic_ms: 0,
                random: 7,
            };
            let mut next = None;
            for effect in upload.handle(now, event) {
                next = Some(match effect {
                    Effect::Done(end) => return end,
                    Effect::Progress { sent_bytes } => {
                        assert!(sent_bytes <= SIZE);
                        continue;
                    }
                    Effect::Keep(path) => {
                        self.kept = path;
                        Event::Kept
                    }
                    Effect::Wait { milliseconds } => {
                        self.waited.push(milliseconds);
                        Event::Woke
                    }
                    Effect::RefreshToken => {
                        self.refreshes += 1;
                        Event::Refreshed
                    }
                    Effect::Verify => {
                        self.verified += 1;
                        Event::Read {
                            sound: !self.damaged,
                        }
                    }
                    request => self.meets(&request),
                });
            }
            event = next.expect("it goes on or ends");
        }
        panic!("it neither goes on nor ends");
    }
}

fn piece(upload: Option<UploadPath>) -> Piece {
    Piece {
        sha256: Digest([7; 32]),
        size_bytes: SIZE,
        document_id: DocumentId([1; 32]),
        evidence_id: EvidenceId(uuid::Uuid::from_u128(3)),
        media_type: "image/jpeg".to_owned(),
        upload,
    }
}

fn upload() -> Upload {
    Upload::new(piece(None), Patience::default(), None)
}

fn later(end: &End) -> (Outcome, bool) {
    match end {
        End::Later {
            because, for_all, ..
        } => (*because, *for_all),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_goes_up_in_parts_that_grow_and_is_sent_once() {
    let mut server = Server::default();
    let mut upload = upload();
    assert_eq!(server.talks(&mut upload), End::Sent);
    assert_eq!((server.offset, server.carried), (SIZE, SIZE));
    assert_eq!(server.parts[..3], [262_144, 524_288, 1_048_576]);
    assert_eq!(upload.part_bytes(), UPLOAD_PART_BYTES_MAX);
    assert_eq!(server.asked, 0, "an honest line costs no round trip");
}

#[test]
fn after_every_cut_the_server_says_where_it_goes_on_and_no_byte_that_it_has_is_sent_again() {
    let cuts = (0..12).flat_map(|n| {
        [
            Fault::CutAfter(n * 7_919 % 40_000),
            Fault::None,
            Fault::None,
        ]
    });
    let mut server = Server::with([Fault::None].into_iter().chain(cuts));
    assert_eq!(server.talks(&mut upload()), End::Sent);
    assert_eq!(server.carried, SIZE);
    assert_eq!(server.uploads.len(), 1);
}

#[test]
fn a_lost_answer_costs_no_byte() {
    let faults = [Fault::None, Fault::None, Fault::AnswerLost];
    let mut server = Server::with(faults);
    assert_eq!(server.talks(&mut upload()), End::Sent);
    assert_eq!(server.carried, SIZE);
    assert_eq!(server.asked, 1);
}

#[test]
fn a_restarted_phone_asks_where_the_server_stands_before_it_sends() {
    let mut server = Server::with([
        Fault::None,
        Fault::None,
        Fault::CutAfter(9),
        Fault::Unreachable,
        Fault::Unreachable,
        Fault::Unreachable,
    ]);
    let end = server.talks(&mut upload());
    assert_eq!(later(&end), (Outcome::Offline, true));
    let kept = server.kept.clone();
    assert!(kept.is_some(), "where it lies was kept");
    let mut again = Upload::new(piece(kept), Patience::default(), None);
    assert_eq!(server.talks(&mut again), End::Sent);
    assert_eq!(server.carried, SIZE);
}

#[test]
fn an_upload_that_expired_is_made_anew_in_the_middle_too() {
    for status in [404, 410] {
        let gone = Fault::Answered(ours(status));
        let mut server = Server::with([Fault::None, Fault::None, gone]);
        assert_eq!(server.talks(&mut upload()), End::Sent, "{status}");
        assert_eq!(server.uploads.len(), 2);
    }
    let stale = UploadPath::from_location("/v1/uploads/999");
    let mut server = Server::default();
    let mut again = Upload::new(piece(stale), Patience::default(), None);
    assert_eq!(server.talks(&mut again), End::Sent);
    assert_eq!((server.uploads.len(), server.carried), (1, SIZE));
}

#[test]
fn an_upload_of_another_length_is_none_of_this_file() {
    let other = Fault::Answered(Answer {
        offset: Some(5),
        length: Some(SIZE - 1),
        ..ours(200)
    });
    let mut server = Server::with([other]);
    let stale = UploadPath::from_location("/v1/uploads/9");
    let mut again = Upload::new(piece(stale), Patience::default(), None);
    assert_eq!(server.talks(&mut again), End::Sent);
    assert_eq!(server.carried, SIZE);
}

#[test]
fn a_conflict_is_settled_by_the_servers_offset() {
    let mut server = Server::with([Fault::None, Fault::None, Fault::Answered(ours(409))]);
    assert_eq!(server.talks(&mut upload()), End::Sent);
    assert_eq!((server.carried, server.asked), (SIZE, 1));
}

#[test]
fn who_is_told_to_come_again_waits_as_long_as_was_asked() {
    for (status, code) in [
        (423, "upload_locked"),
        (503, "storage_full"),
        (429, "too_many_requests"),
    ] {
        let busy = Fault::Answered(Answer {
            retry_after_ms: Some(7_000),
            code: code.into(),
            ..ours(status)
        });
        let mut server = Server::with([Fault::None, Fault::None, busy]);
        assert_eq!(server.talks(&mut upload()), End::Sent);
        assert!(server.waited[0] >= 7_000, "{status}: {:?}", server.waited);
        assert_eq!(server.carried, SIZE);
    }
    let busy = |asked| {
        Fault::Answered(Answer {
            retry_after_ms: Some(asked),
            ..ours(503)
        })
    };
    let mut server = Server::with([busy(120_000)]);
    assert_eq!(later(&server.talks(&mut upload())), (Outcome::Busy, true));
}

#[test]
fn one_that_is_locked_for_long_leaves_the_others_their_turn() {
    let locked = || Fault::Answered(ours(423));
    let mut server = Server::with([Fault::None, locked(), locked(), locked(), locked()]);
    let end = server.talks(&mut upload());
    assert_eq!(later(&end), (Outcome::Busy, false));
}

#[test]
fn a_token_that_lapses_in_the_middle_is_refreshed_and_once_only() {
    let lapsed = || problem(401, "token_expired");
    let mut server = Server::with([Fault::None, Fault::None, lapsed()]);
    assert_eq!(server.talks(&mut upload()), End::Sent);
    assert_eq!((server.refreshes, server.carried), (1, SIZE));
    // On a line so slow that a token lapses while one part goes up: each of them was good for a while.
    let slow = (0..5).flat_map(|_| [lapsed(), Fault::None]);
    let mut server = Server::with([Fault::None].into_iter().chain(slow));
    assert_eq!(server.talks(&mut upload()), End::Sent);
    assert_eq!((server.refreshes, server.carried), (5, SIZE));
    let mut server = Server::with([lapsed(), lapsed()]);
    let end = server.talks(&mut upload());
    assert_eq!(later(&end), (Outcome::LoginNeeded, true));
}

#[test]
fn a_file_whose_visit_has_not_been_received_is_held_and_one_that_nobody_takes_goes_aside() {
    let mut server = Server::with([problem(409, NOT_LISTED)]);
    assert_eq!(server.talks(&mut upload()), End::Held);
    for status in [400, 403, 409, 413, 415, 422] {
        let mut server = Server::with([problem(status, "upload_strange")]);
        match (status, server.talks(&mut upload())) {
            (403, end) => assert_eq!(later(&end), (Outcome::Forbidden, false)),
            (_, end) => assert_eq!(
                end,
                End::Aside {
                    code: "upload_strange".into()
                }
            ),
        }
    }
    for (code, outcome) in [
        ("device_revoked", Outcome::DeviceRevoked),
        ("device_unknown", Outcome::EnrolmentNeeded),
        ("user_disabled", Outcome::Forbidden),
    ] {
        let mut server = Server::with([problem(403, code)]);
        assert_eq!(later(&server.talks(&mut upload())), (outcome, true));
    }
}

#[test]
fn whoever_answers_in_the_servers_place_has_nothing_to_say_about_a_file() {
    for status in [200, 201, 204, 302, 403, 404, 409, 410, 413] {
        let portal = || {
            Fault::Answered(Answer {
                status,
                location: Some("http://portal/v1/uploads/1".into()),
                offset: Some(SIZE),
                ..Answer::default()
            })
        };
        let mut server = Server::with([portal(), portal(), portal(), portal()]);
        let end = server.talks(&mut upload());
        assert_eq!(later(&end), (Outcome::Offline, true), "{status}");
        assert_eq!(server.kept, None);
        // And in the middle: what lies at the server is not given up for it.
        let mut server = Server::with([Fault::None, Fault::None, portal()]);
        assert_eq!(server.talks(&mut upload()), End::Sent, "{status}");
        assert_eq!(server.uploads.len(), 1, "{status}");
    }
}

#[test]
fn checksums_that_never_fit_make_the_phone_read_its_own_copy() {
    let wrong = || Fault::Answered(ours(CHECKSUM_MISMATCH));
    let mut server = Server::with([Fault::None, wrong(), Fault::None]);
    assert_eq!(
        server.talks(&mut upload()),
        End::Sent,
        "once is an accident"
    );
    assert_eq!(server.verified, 0);
    let faults = || {
        [
            Fault::None,
            wrong(),
            Fault::None,
            wrong(),
            Fault::None,
            wrong(),
        ]
    };
    let mut server = Server::with(faults());
    assert_eq!(later(&server.talks(&mut upload())), (Outcome::Busy, false));
    assert_eq!(server.verified, 1);
    let mut server = Server::with(faults());
    server.damaged = true;
    let damaged = End::Aside {
        code: DAMAGED.into(),
    };
    assert_eq!(server.talks(&mut upload()), damaged);
}

#[test]
fn an_upload_that_was_kept_aside_goes_up_anew_from_a_sound_copy_and_never_from_a_damaged_one() {
    let aside = UploadPath::from_location("/v1/uploads/9");
    let gone = || [Fault::Answered(ours(410))];
    let mut server = Server::with(gone());
    let mut again = Upload::new(piece(aside.clone()), Patience::default(), None);
    assert_eq!(server.talks(&mut again), End::Sent);
    assert_eq!((server.verified, server.carried), (1, SIZE));
    let mut server = Server::with(gone());
    server.damaged = true;
    let mut again = Upload::new(piece(aside), Patience::default(), None);
    let damaged = End::Aside {
        code: DAMAGED.into(),
    };
    assert_eq!(server.talks(&mut again), damaged);
    assert_eq!((server.uploads.len(), server.carried), (0, 0));
}

#[test]
fn what_all_went_up_is_asked_for_by_one_question_until_the_server_has_judged_it() {
    let whole = Fault::Answered(Answer {
        offset: Some(SIZE),
        length: Some(SIZE),
        ..ours(200)
    });
    let mut server = Server::with([whole]);
    let lies = UploadPath::from_location("/v1/uploads/9");
    let mut again = Upload::new(piece(lies), Patience::default(), None);
    assert_eq!(server.talks(&mut again), End::Sent);
    assert_eq!((server.carried, server.verified), (0, 0));
}

#[test]
fn a_server_that_takes_and_forgets_for_ever_does_not_hold_up_the_others() {
    let at = |offset| {
        Fault::Answered(Answer {
            offset: Some(offset),
            ..ours(204)
        })
    };
    let mut server = Server::with([Fault::None].into_iter().chain((0..100).map(|_| at(0))));
    assert_eq!(later(&server.talks(&mut upload())), (Outcome::Busy, false));
    let vanishing = (0..100).flat_map(|_| [Fault::None, Fault::Answered(ours(410))]);
    let mut server = Server::with(vanishing);
    assert_eq!(later(&server.talks(&mut upload())), (Outcome::Busy, false));
}

#[test]
fn parts_shrink_on_a_line_that_breaks_and_stay_so_for_the_next_file() {
    let timed_out = |n: usize| (0..n).flat_map(|_| [Fault::CutAfter(1_000), Fault::None]);
    let mut server = Server::with([Fault::None].into_iter().chain(timed_out(6)));
    let mut upload = upload();
    assert_eq!(server.talks(&mut upload), End::Sent);
    let smallest = server.parts.iter().min();
    assert_eq!(smallest, Some(&UPLOAD_PART_BYTES_MIN));
}

#[test]
fn another_phone_of_the_team_that_was_faster_leaves_nothing_to_send() {
    let there = Fault::Answered(Answer {
        offset: Some(SIZE),
        location: Some("/v1/uploads/a".into()),
        ..ours(201)
    });
    let mut server = Server::with([there]);
    assert_eq!(server.talks(&mut upload()), End::Sent);
    assert_eq!(server.carried, 0);
}

#[test]
fn a_location_leads_to_the_own_server_alone_and_to_nothing_but_an_upload() {
    let path = |location: &str| UploadPath::from_location(location).map(|it| it.0);
    let found = Some("/v1/uploads/0191-ab_Z".to_owned());
    assert_eq!(path("/v1/uploads/0191-ab_Z"), found);
    assert_eq!(
        path("https://elsewhere.example:1/x/v1/uploads/0191-ab_Z"),
        found
    );
    for none in [
        "",
        "/v1/uploads/",
        "/v1/uploads",
        "/v1/visits/1",
        "/v1/uploads/../visits",
        "/v1/uploads/a?b",
        "/v1/uploads/a%2e",
        "/v1/uploads/甲",
    ] {
        assert_eq!(path(none), None, "{none}");
    }
    assert_eq!(path(&format!("/v1/uploads/{}", "a".repeat(129))), None);
}

#[test]
fn metadata_name_the_file_and_its_place_in_the_manifest() {
    let metadata = piece(None).metadata();
    let pairs: Vec<(&str, String)> = metadata
        .split(',')
        .map(|pair| pair.split_once(' ').unwrap())
        .map(|(key, value)| {
            (
                key,
                String::from_utf8(STANDARD.decode(value).unwrap()).unwrap(),
            )
        })
        .collect();
    assert_eq!(pairs[0], ("sha256", "07".repeat(32)));
    assert_eq!(pairs[1], ("document_id", "01".repeat(32)));
    assert_eq!(pairs[2].0, "evidence_id");
    assert_eq!(pairs[3], ("filetype", "image/jpeg".to_owned()));
    // What is no type is left to the manifest: a header that is too long or cannot be read keeps no file from going.
    for none in [
        String::new(),
        "图片".to_owned(),
        "image/jpeg\r\nX: y".to_owned(),
        format!("image/{}", "x".repeat(9_000)),
    ] {
        let odd = Piece {
            media_type: none,
            ..piece(None)
        };
        assert!(!odd.metadata().contains("filetype"));
    }
}
