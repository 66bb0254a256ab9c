//! No named limit without its code and its tests: whoever adds one to `limits.rs` adds a row here.

use std::collections::BTreeSet;
use std::path::Path;

use fieldseal_tests::TestServer;
use serde_json::json;
use sync_core::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};

const KEYS: &str = "tests/tests/it/access/replays.rs::a_key_is_as_long_as_allowed_and_serves_one_request_for_a_day";
/// Limits on what somebody sends or keeps: the code past the limit, and the test that stands at it and one past it, as
/// `file::test`.
const BOUNDS: &[(&str, &str, &str)] = &[
    (
        "CHANGE_BYTES_MAX",
        "change.too_large",
        "sync-core/src/guard/tests.rs::a_change_is_as_long_as_allowed_and_no_longer",
    ),
    (
        "PAPER_NUMBER_CHARS_MAX",
        "evidence.paper.number.too_long",
        "sync-core/src/model/records.rs::a_photographed_paper_names_its_number_and_nothing_else_names_one",
    ),
    ("CHANGE_OPS_MAX", "change.too_many_operations", GUARD_COUNTS),
    (
        "CHANGE_DEPENDENCIES_MAX",
        "change.too_many_dependencies",
        GUARD_COUNTS,
    ),
    ("CHANGE_ACTORS_MAX", "change.too_many_actors", GUARD_COUNTS),
    (
        "CHANGE_PREDECESSORS_MAX",
        "change.too_many_predecessors",
        GUARD_COUNTS,
    ),
    (
        "CHANGE_KEY_BYTES_MAX",
        "change.keys_too_large",
        "sync-core/src/guard/tests.rs::keys_are_bounded_as_they_would_be_written_out",
    ),
    (
        "DOCUMENT_DEPTH_MAX",
        "change.depth",
        "sync-core/src/guard/tests.rs::maps_nest_as_deep_as_allowed_and_no_deeper",
    ),
    (
        "SYNCS_AT_ONCE_MAX",
        "sync.too_many",
        "mobile-ffi/src/face/host_tests.rs::syncs_that_wait_are_stopped_are_bounded_and_hold_up_no_call",
    ),
    ("PAGE_COMPRESSED_BYTES_MAX", "body_too_large", PAGE_SIZES),
    ("PAGE_INFLATED_BYTES_MAX", "body_too_large", PAGE_SIZES),
    (
        "JSON_BODY_BYTES_MAX",
        "body_too_large",
        "tests/tests/it/api.rs::a_body_may_be_as_long_as_the_limit_and_no_longer",
    ),
    (
        "FIELD_CHARS_MAX",
        "too_long",
        "sync-core/src/model/sheet.rs::a_text_at_the_limit_passes_and_one_past_it_does_not",
    ),
    (
        "EVIDENCE_BYTES_MAX",
        "too_large",
        "sync-core/src/model/records.rs::evidence_may_be_as_large_as_the_limit_and_no_larger",
    ),
    (
        "IMAGE_PIXELS_MAX",
        "too_many_pixels",
        "tests/tests/it/media/files.rs::a_photo_of_a_hundred_megapixels_has_its_preview_and_one_more_row_has_none",
    ),
    (
        "IMAGE_SIDE_PX_MAX",
        "side_too_long",
        "tests/tests/it/media/files.rs::a_side_may_be_as_long_as_the_limit_and_no_longer",
    ),
    (
        "IMAGE_FILE_BYTES_MAX",
        "file_too_large",
        "tests/tests/it/media/files.rs::a_picture_whose_file_is_longer_than_the_limit_is_not_read",
    ),
    (
        "IMAGE_DECODE_BYTES_MAX",
        "too_large_to_decode",
        "tests/tests/it/media/files.rs::bombs_are_refused_by_their_headers",
    ),
    (
        "METADATA_BYTES_MAX",
        "metadata_too_large",
        "tests/tests/it/media/files.rs::metadata_is_read_up_to_the_limit_and_not_beyond",
    ),
    (
        "JPEG_SCANS_MAX",
        "too_many_scans",
        "tests/tests/it/media/files.rs::a_jpeg_has_as_many_scans_as_the_limit_and_no_more",
    ),
    (
        "MEDIA_PARTS_MAX",
        "too_many_parts",
        "tests/tests/it/media/files.rs::a_file_has_as_many_parts_as_the_limit_and_no_more",
    ),
    (
        "MEDIA_ATTEMPTS_MAX",
        "not_examined",
        "tests/tests/it/media/visits.rs::what_cannot_be_examined_is_given_up_by_name_after_so_many_attempts",
    ),
    (
        "UPLOAD_METADATA_BYTES_MAX",
        "header_invalid",
        "tests/tests/it/uploads/protocol.rs::what_is_no_beginning_is_refused_by_its_header",
    ),
    (
        "UPLOADS_AT_ONCE_PER_DEVICE",
        "overloaded",
        "tests/tests/it/uploads/protocol.rs::a_device_writes_so_many_at_once_and_others_have_their_turn",
    ),
    (
        "UPLOADS_PER_ENTRY_MAX",
        "upload_gone",
        "tests/tests/it/uploads/protocol.rs::a_client_that_forgets_its_uploads_has_so_many_beginnings_and_no_more",
    ),
    (
        "UPLOAD_UNFINISHED_MS",
        "upload_gone",
        "tests/tests/it/uploads/expiry.rs::an_upload_ends_when_nothing_came_for_a_week_and_each_part_puts_that_off",
    ),
    (
        "MEDIA_LINK_S",
        "link_expired",
        "tests/tests/it/visits/evidence.rs::a_link_reads_one_thing_as_its_maker_for_five_minutes",
    ),
    (
        "HELD_CHANGES_PER_DEVICE_MAX",
        "device.aside_full",
        "tests/tests/it/sync/quarantine.rs::a_device_fills_its_place_aside_to_the_limit_and_one_more_is_turned_away_by_its_code",
    ),
    (
        "FIRST_SYNCS_AT_ONCE",
        "overloaded",
        "tests/tests/it/sync/crowd.rs::a_thousand_phones_in_a_first_sync_at_once_turn_nobody_else_away_and_all_get_everything",
    ),
    (
        "FIRST_SYNCS_WAITING_MAX",
        "overloaded",
        "tests/tests/it/sync/crowd.rs::as_many_first_syncs_wait_as_may_and_one_more_is_told_to_come_again",
    ),
    (
        "NAME_CHARS_MAX",
        "value_invalid",
        "tests/tests/it/organisations/create.rs::a_name_may_be_as_long_as_the_limit_and_no_longer",
    ),
    (
        "IMPORT_ROWS_MAX",
        "import",
        "tests/tests/it/imports/mod.rs::a_file_of_the_most_rows_is_taken_and_one_more_is_told",
    ),
    (
        "IMPORTS_OPEN_MAX",
        "overloaded",
        "tests/tests/it/console/imports.rs::somebody_has_as_many_imports_under_way_as_allowed_and_no_more",
    ),
    (
        "LEASE_MS_MAX",
        "value_invalid",
        "tests/tests/it/leases/create.rs::a_lease_lasts_as_long_as_allowed_and_no_longer",
    ),
    (
        "LEASE_GRACE_MS",
        "lease_held",
        "tests/tests/it/leases/create.rs::an_ended_lease_keeps_its_door_for_the_grace_and_no_longer",
    ),
    ("QR_CHARS_MAX", "co_signature.too_large", CODE_SIZES),
    (
        "QR_PIXELS_MAX",
        "co_signature.too_large",
        "mobile-ffi/src/meeting.rs::a_picture_is_as_large_as_allowed_and_no_larger",
    ),
    (
        "CODE_ANSWERED_MS",
        "co_signature.other_question",
        "tests/tests/it/stories/handed_over.rs::a_code_is_answered_for_a_day_and_no_longer",
    ),
    (
        "CO_SIGNATURE_BYTES_MAX",
        "co_signature.too_large",
        CODE_SIZES,
    ),
    (
        "PARCEL_BYTES_MAX",
        "parcel.too_large",
        "sync-core/src/proof/parcel.rs::a_parcel_may_be_as_large_as_the_limit_and_no_larger",
    ),
    (
        "PARCEL_HEADER_BYTES_MAX",
        "parcel.malformed",
        "sync-core/src/proof/parcel.rs::a_line_that_never_ends_is_no_header",
    ),
    ("PARCEL_DOCUMENTS_MAX", "parcel.too_large", PARCEL_COUNTS),
    ("PARCEL_CHANGES_MAX", "parcel.too_large", PARCEL_COUNTS),
    ("PARCEL_CERTIFICATES_MAX", "parcel.too_large", PARCEL_COUNTS),
    (
        "LEASES_PER_DEVICE_MAX",
        "leases_exceeded",
        "tests/tests/it/leases/create.rs::a_device_holds_as_many_leases_as_allowed_and_one_more_is_refused",
    ),
    (
        "ACCESS_TOKEN_S",
        "token_expired",
        "tests/tests/it/tokens/create.rs::an_access_token_lives_ten_minutes_and_no_longer",
    ),
    (
        "REFRESH_TOKEN_MS",
        "refresh_token_invalid",
        "tests/tests/it/tokens/refresh.rs::a_refresh_token_ends_with_its_time",
    ),
    (
        "CHALLENGE_MS",
        "challenge_invalid",
        "tests/tests/it/devices/enrol.rs::a_challenge_serves_once_and_not_after_its_time",
    ),
    (
        "SERVER_KEYS_NAMED_MAX",
        "value_invalid",
        "server/src/services/sync/intake.rs::as_many_keys_are_named_as_allowed_and_no_more",
    ),
    (
        "OIDC_LOGIN_MS",
        "oidc_state_invalid",
        "tests/tests/it/oidc/login.rs::a_login_ends_in_the_browser_that_began_it_once_and_in_its_time",
    ),
    (
        "OIDC_CODE_MS",
        "oidc_code_invalid",
        "tests/tests/it/oidc/login.rs::a_login_ends_in_the_browser_that_began_it_once_and_in_its_time",
    ),
    (
        "OIDC_CLOCK_LEEWAY_S",
        "oidc_token_invalid",
        "server/src/services/oidc/id_token.rs::clocks_may_differ_by_the_leeway_and_no_more",
    ),
    (
        "OIDC_SUBJECT_CHARS_MAX",
        "oidc_token_invalid",
        "server/src/services/oidc/id_token.rs::a_subject_is_as_long_as_allowed_and_no_longer",
    ),
    (
        "EVENT_STREAMS_PER_USER_MAX",
        "streams_exceeded",
        "tests/tests/it/events/listen.rs::a_person_has_as_many_streams_as_allowed_and_one_more_is_turned_away",
    ),
    (
        "EVENT_STREAMS_MAX",
        "overloaded",
        "server/src/services/events.rs::a_server_keeps_as_many_streams_as_allowed_and_one_more_comes_again",
    ),
    (
        "EVENTS_BEHIND_MAX",
        "reset",
        "tests/tests/it/events/listen.rs::who_was_away_as_long_as_allowed_hears_what_was_missed_and_longer_begins_anew",
    ),
    (
        "PUSH_TOKEN_CHARS_MAX",
        "value_invalid",
        "tests/tests/it/devices/push_token.rs::a_token_is_as_long_as_allowed_and_of_a_provider_that_is_known",
    ),
    (
        "NOT_SAMPLED_ROWS_MAX",
        "export_too_long",
        "tests/tests/it/not_sampled/mod.rs::a_file_has_as_many_rows_as_allowed_and_one_more_is_told",
    ),
    (
        "TASKS_EXPORTED_MAX",
        "export_too_long",
        "tests/tests/it/tasks/export.rs::a_file_has_as_many_tasks_as_allowed_and_one_more_is_told",
    ),
    ("IDEMPOTENCY_KEY_MS", "idempotency_key_reused", KEYS),
    ("IDEMPOTENCY_KEY_CHARS_MAX", "header_invalid", KEYS),
    (
        "ENROLMENT_CODE_MS",
        "enrolment_code_invalid",
        "tests/tests/it/devices/enrol.rs::a_code_enrols_one_phone_and_not_after_its_time",
    ),
    (
        "ACCOUNT_FAILURES_MAX",
        "attempts_exceeded",
        "tests/tests/it/tokens/create.rs::an_account_waits_after_too_many_failures_even_with_the_right_password",
    ),
    (
        "FAILURES_WINDOW_MS",
        "attempts_exceeded",
        "tests/tests/it/tokens/create.rs::an_account_waits_after_too_many_failures_even_with_the_right_password",
    ),
    (
        "SEAL_QUESTIONS_MAX",
        "attempts_exceeded",
        "tests/tests/it/seals/get.rs::whoever_has_no_whole_digest_learns_nothing_and_whoever_asks_too_often_waits",
    ),
    (
        "RETURNED_PAPERS_MAX",
        "value_invalid",
        "tests/tests/it/returned_papers/create.rs::as_many_papers_as_allowed_are_taken_and_one_more_is_not",
    ),
];
/// Limits without such a pair: what they bound is not sent by anybody, or what holds them stands beside the name.
const BESIDE: &[(&[&str], &str)] = &[
    (
        &["PASSWORD_CHARS_MIN", "PASSWORD_BYTES_MAX"],
        "a_password_is_as_short_and_as_long_as_allowed, here",
    ),
    (
        &[
            "PIN_CHARS_MIN",
            "PIN_FAILURES_MAX",
            "PIN_KDF_MEMORY_KIB",
            "PIN_KDF_PASSES",
            "SIGNATURES_REMEMBERED_MAX",
            "PROBLEM_DETAILS_CHARS_MAX",
        ],
        "a phone's own: its keys and their tests are in mobile-ffi",
    ),
    (
        &[
            "LIST_ROWS_MAX",
            "VISIT_NAME_SEARCHED_CHARS",
            "VISIT_PRODUCTS_SEARCHED_CHARS",
            "CONSOLE_CHOICES_MAX",
            "CONSOLE_TILES_MAX",
            "FEED_INFLATED_BYTES_MAX",
            "FEED_ROWS_MAX",
            "FEED_BATCHES_MAX",
            "INDEX_PAGE_ROWS",
            "KEPT_ANSWER_BYTES_MAX",
            "BYTE_RANGES_MAX",
        ],
        "how much an answer holds: more comes with the next one, nothing is refused",
    ),
    (
        &[
            "ORIGIN_STEPS_MAX",
            "ORIGIN_DOCUMENTS_MAX",
            "SYNC_ATTEMPTS_MAX",
            "SYNCS_AWAITING_RULINGS_MAX",
            "SYNC_REQUESTS_MAX",
            "SYNC_WAIT_MS_MAX",
            "SYNC_RETRY_S_MIN",
            "SYNC_RETRY_S_MAX",
            "SYNC_REQUESTS_WAITING_MAX",
            "FIRST_SYNC_RETRY_S_MIN",
            "FIRST_SYNC_RETRY_S_MAX",
            "FIRST_SYNC_ROWS_MIN",
            "REQUEST_S",
            "IMPORT_REQUEST_S",
            "SHUTDOWN_S",
            "SQLITE_READERS_MAX",
            "POSTGRES_CONNECTIONS",
            "DATABASE_WAIT_S",
            "DATABASE_RETRY_S",
            "TRANSACTION_IDLE_S",
            "TRANSFER_ROWS",
            "OIDC_KEPT_MS",
            "OIDC_KEYS_REST_MS",
            "OIDC_ANSWER_BYTES_MAX",
            "OIDC_REQUEST_S",
            "OIDC_RETRY_S",
            "SERVER_KEYS_REST_MS",
            "SERVER_KEY_LOOKUP_MS",
        ],
        "the server's own work and waiting",
    ),
    (
        &[
            "SYNC_PAGE_INFLATED_BYTES",
            "SYNC_RETRY_BASE_MS",
            "SYNC_RETRY_MAX_MS",
            "SYNC_RETRY_AFTER_MS_MAX",
            "SYNC_SKIPPED_MAX",
            "SHEET_NUMBERS_BLOCK",
            "SHEET_NUMBERS_LOW",
            "PROGRESS_MS",
            "ORPHAN_KEPT_MS",
        ],
        "what a phone chooses by itself",
    ),
    (
        &[
            "UPLOAD_PART_BYTES_FIRST",
            "UPLOAD_PART_BYTES_MIN",
            "UPLOAD_PART_BYTES_MAX",
            "UPLOAD_STUCK_MAX",
            "METERED_BYTES_MAX",
        ],
        "how a phone sends files; sync-core/src/sync/tus/tests.rs and evidence.rs stand at them",
    ),
    (
        &["RESERVE_BYTES", "RESERVE_STEP_BYTES"],
        "room that a phone keeps for forms: tests/tests/it/stories/evidence.rs fills a disk up to it",
    ),
    (
        &["CLOCK_DRIFT_PPM", "CLOCK_MARGIN_MS"],
        "an uncertainty, no bound",
    ),
    (
        &["CERTIFICATE_MS", "CERTIFICATE_RENEWED_MS"],
        "written into certificates; tests/tests/it/stories/certificates.rs stands at both",
    ),
    (
        &["SERVER_KEY_MS", "SERVER_KEY_ANNOUNCED_MS", "JWKS_AGE_S"],
        "when keys follow each other: tests/tests/it/server_keys/rotate.rs stands at each of them",
    ),
    (
        &[
            "ADDRESS_FAILURES_MAX",
            "ACCOUNT_FAILURES_ANYWHERE_MAX",
            "KNOWN_ADDRESS_MS",
        ],
        "counted as ACCOUNT_FAILURES_MAX is, by address",
    ),
    (
        &[
            "CONSOLE_IDLE_MS",
            "CONSOLE_NOTED_MS",
            "CONSOLE_ONLINE_MS",
            "TODAY_ROWS",
            "CONSOLE_KEPT_FORM_BYTES_MAX",
            "SETUP_TOKEN_MS",
        ],
        "sessions of the console: tests/tests/it/console/sessions.rs stands at them",
    ),
    (
        &["IMPORT_BYTES_MAX", "IMPORT_CHUNK_ROWS"],
        "told in tests/tests/it/imports",
    ),
    (
        &[
            "IMPORTS_AT_ONCE",
            "IMPORT_LEASE_MS",
            "IMPORT_ATTEMPTS_MAX",
            "IMPORT_KEPT_MS",
            "WORK_AWAITED_MS",
            "WORK_TOLD_MS",
            "RERULING_SHOWN_MS",
        ],
        "what the server chooses for long work of its own: tests/tests/it/console/imports.rs",
    ),
    (
        &[
            "STORE_LOOKED_THROUGH_MS",
            "STORE_LOOKED_THROUGH_FIRST_MS",
            "STORE_LOOKED_THROUGH_AFTER_MS",
        ],
        "when a phone reads its own store whole: mobile-ffi/src/store/damage_tests.rs stands at them",
    ),
    (
        &["STORE_OPENED_WITHIN_MS", "STORE_CLOSED_WITHIN_MS"],
        "how long a phone's store is waited for: mobile-ffi/src/face/tests.rs opens and closes it under others",
    ),
    (&["RECEIPT_SEALS_MAX"], "checked by its one endpoint"),
    (
        &["EXAMINATION_BYTES_MAX"],
        "what one examination holds: tests/tests/media_memory.rs counts it",
    ),
    (
        &["THUMBNAIL_PX", "SCREEN_PX"],
        "sizes of what the server makes itself",
    ),
    (
        &["MEDIA_LEASE_MS", "MEDIA_RETRY_MS", "REUSE_TOLD_MAX"],
        "what the server chooses for its own work",
    ),
    (
        &[
            "OBJECT_WRITE_BYTES",
            "OBJECT_READ_BYTES",
            "OBJECTS_REQUEST_S",
            "OBJECTS_RETRIES_MAX",
            "OBJECTS_RETRY_S_MAX",
            "OBJECTS_AWAY_S",
            "STORAGE_FULL_S",
        ],
        "how the server handles its store of objects; tests/tests/it/objects.rs stands at the length of a piece",
    ),
    (
        &[
            "UPLOAD_REQUEST_S",
            "UPLOAD_IDLE_S",
            "UPLOAD_LAST_MS",
            "UPLOAD_LAST_GAP_MS",
            "UPLOAD_PART_AGE_S",
            "UPLOAD_DRAINED_BYTES_MAX",
            "UPLOAD_DRAIN_S",
            "UPLOAD_LEFT_TO_OTHERS_MS",
            "UPLOADS_AT_ONCE",
            "UPLOADS_FINISHED_AT_ONCE",
            "UPLOADS_LOOKED_AT",
            "UPLOADS_CLEANED_AT_ONCE",
            "UPLOADS_SWEPT_S",
        ],
        "how the server takes in and finishes uploads; nobody sends them",
    ),
    (
        &["UPLOAD_REMEMBERED_MS", "UPLOAD_ORPHAN_MS"],
        "when what is over is forgotten: tests/tests/it/uploads/expiry.rs stands at both",
    ),
    (
        &["CASE_DUE_SOON_MS", "CASES_OPEN_MAX"],
        "what queues show: tests/tests/it/cases/queues.rs stands at the first",
    ),
    (
        &[
            "EVENTS_POLL_MS",
            "EVENTS_HEARTBEAT_S",
            "EVENTS_RETRY_MS",
            "EVENTS_ROWS",
        ],
        "how streams of events are kept alive and read; nobody sends them",
    ),
    (
        &[
            "PUBLICITY_LOOK_MS",
            "PUBLICITY_AT_ONCE",
            "PUBLICITY_ANSWER_BYTES_MAX",
        ],
        "how the server delivers to the publicity system; nobody sends it",
    ),
    (
        &["TASK_DISCLOSURES_RULED_MAX"],
        "what rules look at: tests/tests/it/tasks/disclosures.rs stands at it",
    ),
    (
        &[
            "WAKES_LOOK_MS",
            "WAKES_POSITIONS",
            "WAKES_AT_ONCE",
            "WEBHOOK_REQUEST_S",
            "WEBHOOK_LEASE_MS",
        ],
        "how the server sends wakes; nobody sends them to it",
    ),
    (
        &[
            "WAKE_REST_MS",
            "WEBHOOK_RETRY_BASE_MS",
            "WEBHOOK_RETRY_MAX_MS",
            "WAKE_GIVEN_UP_MS",
        ],
        "when phones are woken: tests/tests/it/devices/push_token.rs stands at each of them",
    ),
    (
        &[
            "CHECKPOINT_REST_MS",
            "CHECKPOINT_CHAINS_MAX",
            "EXPORTS_SWEPT_MS",
            "EXPORT_ATTEMPTS_MAX",
        ],
        "how often checkpoints are made, and how much one takes in; nobody sends them",
    ),
    (
        &["EXPORT_KEPT_MS"],
        "for how long a download goes on: tests/tests/it/visits/bundle.rs stands at it",
    ),
    (
        &[
            "STAMP_LOOK_MS",
            "STAMPS_AT_ONCE",
            "STAMP_REQUEST_S",
            "STAMP_LEASE_MS",
            "STAMP_ANSWER_BYTES_MAX",
        ],
        "how the server asks an authority of time stamps: in tests/tests/it/log/stamps.rs one answers without end",
    ),
    (
        &["EXPORT_RESIDENT_BYTES_MAX", "VERIFY_RESIDENT_BYTES_MAX"],
        "what a dossier of any length may cost: tests/tests/it/cli/large.rs holds them",
    ),
    (
        &["BUNDLE_FILE_BYTES_MAX"],
        "what a check of a bundle reads whole: tests/tests/it/cli/verify.rs has a file that grows past it",
    ),
    (
        &[
            "FACE_THREADS_MAX",
            "LOCATION_WAIT_MS",
            "SIGNER_WAIT_S",
            "HOST_LOOKED_AFTER_MS",
            "LOG_LINES_WAITING_MAX",
            "PROGRESS_END_WAIT_MS",
            "ENTERPRISES_FOUND_MAX",
        ],
        "how the phone's library works for its host, and waits for it",
    ),
    (
        &["CLOCK_MS_MAX", "BOOT_ID_CHARS_MAX"],
        "what a clock of the host is believed: mobile-ffi/src/face/host_tests.rs stands at both",
    ),
    (
        &["FORM_DRAWING_BYTES_MAX"],
        "what is left out of a print: sync-core/src/forms/tests.rs stands at it",
    ),
    (
        &["BACKUP_READ_BYTES", "BACKUP_MANIFEST_BYTES_MAX"],
        "of files that this program wrote itself",
    ),
];
const GUARD_COUNTS: &str = "sync-core/src/guard/tests.rs::a_change_has_as_many_operations_dependencies_and_actors_as_allowed_and_no_more";
const CODE_SIZES: &str = "sync-core/src/proof/co_signature.rs::what_no_code_holds_is_refused_at_the_limit_and_not_below_it";
const PARCEL_COUNTS: &str =
    "sync-core/src/sync/parcel.rs::a_parcel_holds_as_much_as_the_limits_and_no_more";
const PAGE_SIZES: &str = "tests/tests/it/sync/bad_input.rs::a_page_is_taken_at_each_limit_of_its_size_and_refused_one_byte_past_it";

#[test]
fn no_limit_is_without_a_row() {
    let rows = BOUNDS.iter().map(|(name, _, _)| *name);
    let beside = BESIDE.iter().flat_map(|(names, why)| {
        assert!(!why.is_empty());
        names.iter().copied()
    });
    assert_eq!(rows.chain(beside).collect::<BTreeSet<_>>(), named());
}

#[test]
fn a_password_is_as_short_and_as_long_as_allowed() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140500");
    for (at, (length, status)) in [
        (PASSWORD_CHARS_MIN - 1, 422),
        (PASSWORD_CHARS_MIN, 201),
        (PASSWORD_BYTES_MAX, 201),
        (PASSWORD_BYTES_MAX + 1, 422),
    ]
    .into_iter()
    .enumerate()
    {
        let person = json!({
            "organisation_id": body, "username": format!("person-{at}"), "display_name": "某",
            "roles": ["sampler"], "password": "pw7".repeat(length)[..length],
        });
        let answer = server.post("/v1/users", &admin, person);
        assert_eq!(answer.status, status, "{length}: {}", answer.body);
    }
}

/// Every name in the module.
fn named() -> BTreeSet<&'static str> {
    let text = include_str!("../../../sync-core/src/limits.rs");
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub const "));
    lines.filter_map(|line| line.split(':').next()).collect()
}

#[test]
fn every_bound_has_a_code_and_a_test_that_stands_at_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (name, code, test) in BOUNDS {
        assert!(named().contains(name), "{name} is no limit any more");
        assert!(!code.is_empty(), "{name} has no code");
        let (file, test) = test.split_once("::").unwrap();
        let source = std::fs::read_to_string(root.join(file)).unwrap();
        let head = format!("fn {test}(");
        assert!(source.contains(&head), "{file} has no test {test}");
        assert!(source.contains(name), "{file} does not speak of {name}");
    }
}
