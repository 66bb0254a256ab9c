//! Every limit by name, with its unit. Each has a code in the catalogue and a test at the limit and one past it.

/// A raw change chunk, in bytes.
pub const CHANGE_BYTES_MAX: usize = 256 * 1024;
/// Operations of one change: a run of 68 bytes could otherwise stand for hundreds of millions. A page of a form is 60,
/// a note of the longest kind 4 000.
pub const CHANGE_OPS_MAX: usize = 16 * 1024;
/// Predecessors named by all operations of one change together.
pub const CHANGE_PREDECESSORS_MAX: usize = 16 * 1024;
/// The map keys of one change written out per operation, in bytes: runs make them far smaller on the wire.
pub const CHANGE_KEY_BYTES_MAX: usize = 1024 * 1024;
/// Dependencies of one change: as many heads as a team could leave unmerged.
pub const CHANGE_DEPENDENCIES_MAX: usize = 256;
/// Other actors that one change may name.
pub const CHANGE_ACTORS_MAX: usize = 256;
/// Nesting of maps in a document, in levels below the root.
pub const DOCUMENT_DEPTH_MAX: usize = 16;
/// A page of several changes as it travels, in compressed bytes where it is compressed. A change that fits no page goes
/// alone, and then only [`JSON_BODY_BYTES_MAX`] bounds it.
pub const PAGE_COMPRESSED_BYTES_MAX: usize = 64 * 1024;
/// A page of changes once inflated, in bytes. Only what came compressed can be that long: see [`JSON_BODY_BYTES_MAX`].
pub const PAGE_INFLATED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The body of any request as it travels, in bytes, a page of changes included: a plain one is bounded by this, a
/// compressed one by this before and by [`PAGE_INFLATED_BYTES_MAX`] after it is inflated.
pub const JSON_BODY_BYTES_MAX: usize = 1024 * 1024;
/// A text field of a form, in Unicode scalar values.
pub const FIELD_CHARS_MAX: usize = 4_000;
/// Changes of one device that may wait for what they depend on.
pub const HELD_CHANGES_PER_DEVICE_MAX: usize = 10_000;
/// Ancestors that are looked up in other documents to tell whether a change that waits belongs to one of them.
pub const ORIGIN_STEPS_MAX: usize = 64;
/// Documents that are judged again at once because what they wait for turned up in another one; the rest when they are
/// next written to.
pub const ORIGIN_DOCUMENTS_MAX: usize = 32;
/// Drift of a phone's monotonic clock, in parts per million.
pub const CLOCK_DRIFT_PPM: i64 = 100;
/// Uncertainty added to every claimed time, in milliseconds.
pub const CLOCK_MARGIN_MS: i64 = 5_000;

// Access.

/// An access token's life, in seconds.
pub const ACCESS_TOKEN_S: i64 = 600;
/// A refresh token's life, in milliseconds: a phone may be off the net for a month.
pub const REFRESH_TOKEN_MS: i64 = 30 * 24 * 3_600_000;
/// A challenge's life, in milliseconds.
pub const CHALLENGE_MS: i64 = 5 * 60_000;
/// An enrolment code's life, in milliseconds.
pub const ENROLMENT_CODE_MS: i64 = 72 * 3_600_000;
/// A certificate's life, in milliseconds.
pub const CERTIFICATE_MS: i64 = 366 * 24 * 3_600_000;
/// How long before its end a certificate is renewed when its phone syncs, in milliseconds: a third of its life.
pub const CERTIFICATE_RENEWED_MS: i64 = 122 * 24 * 3_600_000;
/// How long one of the server's keys signs before the next one does, in milliseconds.
pub const SERVER_KEY_MS: i64 = 90 * 24 * 3_600_000;
/// How long before it signs a key is published, in milliseconds: whoever keeps the list of keys for [`JWKS_AGE_S`] knows
/// it by then, phones that sync once a week do, and yesterday's backup holds every key that has signed.
pub const SERVER_KEY_ANNOUNCED_MS: i64 = 7 * 24 * 3_600_000;
/// How long others may keep the published list of keys, in seconds.
pub const JWKS_AGE_S: i64 = 3_600;
/// How often a server reads the keys again that all servers share, in milliseconds: so long one that was told of nothing
/// may go on signing with a key that was revoked on another.
pub const SERVER_KEYS_REST_MS: u64 = 5_000;
/// The time between two looks for a key that a token names and nobody knows, in milliseconds: tokens with names that are
/// made up cost no more reads than this allows.
pub const SERVER_KEY_LOOKUP_MS: u64 = 100;
/// Keys of the server that a phone names in a request: with one every three months, four years of them.
pub const SERVER_KEYS_NAMED_MAX: usize = 16;
/// Failed attempts on one account from one address, or on one enrolled phone, within the window before that place must
/// wait; the account's owner elsewhere need not.
pub const ACCOUNT_FAILURES_MAX: i64 = 10;
/// Failed attempts on one account from everywhere together within the window before addresses from which it was never
/// logged in must wait; known ones and enrolled phones need not.
pub const ACCOUNT_FAILURES_ANYWHERE_MAX: i64 = 50;
/// How long an address from which somebody logged in stays known for their account, in milliseconds.
pub const KNOWN_ADDRESS_MS: i64 = 90 * 24 * 3_600_000;
/// Failed attempts from one address within the window before it must wait; many phones share one address.
pub const ADDRESS_FAILURES_MAX: i64 = 100;
/// Questions about seals from one address within that window: a person holds a few forms, a reviewing body a stack.
pub const SEAL_QUESTIONS_MAX: i64 = 120;
/// The window of failed attempts, in milliseconds.
pub const FAILURES_WINDOW_MS: i64 = 15 * 60_000;
/// A password, in Unicode scalar values.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// A password, in bytes: a longer one only feeds the hash.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// A name of a person, an organisation or a device, in Unicode scalar values.
pub const NAME_CHARS_MAX: usize = 200;
/// Rows of one page of a list.
pub const LIST_ROWS_MAX: u32 = 200;
/// What a field of the console offers to choose from: campaigns, organisations, the teams of a campaign. Newest are kept.
pub const CONSOLE_CHOICES_MAX: u32 = 5_000;
/// Small pictures on a page of the console.
pub const CONSOLE_TILES_MAX: u32 = 60;
/// How long an answer is kept under the `Idempotency-Key` of its request, in milliseconds.
pub const IDEMPOTENCY_KEY_MS: i64 = 24 * 3_600_000;
/// An `Idempotency-Key`, in ASCII characters.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 128;
/// An answer that is kept for its `Idempotency-Key`, in bytes; a longer one is given anew.
pub const KEPT_ANSWER_BYTES_MAX: usize = 256 * 1024;
/// A request from its first byte to its answer, in seconds.
pub const REQUEST_S: u64 = 60;
/// How long a server that was told to end waits for open connections, in seconds: longer than any request lasts.
pub const SHUTDOWN_S: u64 = IMPORT_REQUEST_S + 5;

// Logging in at an OpenID Connect provider.

/// A login at the provider from its beginning to its end, in milliseconds.
pub const OIDC_LOGIN_MS: i64 = 10 * 60_000;
/// How long the code of a finished login is good for tokens, in milliseconds.
pub const OIDC_CODE_MS: i64 = 60_000;
/// By how much the provider's clock may differ from ours, in seconds.
pub const OIDC_CLOCK_LEEWAY_S: i64 = 60;
/// A subject of the provider, in Unicode scalar values.
pub const OIDC_SUBJECT_CHARS_MAX: usize = 255;
/// How long what the provider says of itself, and its keys, are kept, in milliseconds.
pub const OIDC_KEPT_MS: i64 = 3_600_000;
/// The time between two looks for a key of the provider that nobody knows, in milliseconds.
pub const OIDC_KEYS_REST_MS: i64 = 60_000;
/// An answer of the provider, in bytes.
pub const OIDC_ANSWER_BYTES_MAX: u64 = 256 * 1024;
/// How long the provider may take to answer, in seconds.
pub const OIDC_REQUEST_S: u64 = 10;
/// When to come again while the provider does not answer, in seconds.
pub const OIDC_RETRY_S: u64 = 10;

// The console.

/// How long a session of the console (管理端) goes on without being used, in milliseconds: a working day.
pub const CONSOLE_IDLE_MS: i64 = 12 * 3_600_000;
/// How often a session of the console that is used is noted to go on, in milliseconds.
pub const CONSOLE_NOTED_MS: i64 = 5 * 60_000;
/// Rows of one list on the page of today (今日).
pub const TODAY_ROWS: u32 = 8;
/// Within how long of what a phone's clock said a change is told to have come from a phone with a network, in milliseconds.
pub const CONSOLE_ONLINE_MS: i64 = 5 * 60_000;
/// A typed form that is kept over a login, in bytes.
pub const CONSOLE_KEPT_FORM_BYTES_MAX: usize = 256 * 1024;
/// How long the token of the first run (首次设置) is good, in milliseconds.
pub const SETUP_TOKEN_MS: i64 = 3_600_000;

// The phone's session.

/// What a phone first tries to put on a page, in inflated bytes: forms compress to a third of it or less.
pub const SYNC_PAGE_INFLATED_BYTES: usize = 160 * 1024;
/// The first wait after a failed attempt, in milliseconds.
pub const SYNC_RETRY_BASE_MS: i64 = 1_000;
/// The longest wait that the phone chooses by itself, in milliseconds.
pub const SYNC_RETRY_MAX_MS: i64 = 300_000;

/// The longest `Retry-After` that a phone obeys, in milliseconds: nobody on the way shuts it out for good.
pub const SYNC_RETRY_AFTER_MS_MAX: i64 = 24 * 3_600_000;
/// Items that could not be delivered, one after the other, before a sync is given up for now.
pub const SYNC_SKIPPED_MAX: usize = 3;

// Sync.

/// Requests of phones that the server works on at the same time.
pub const SYNC_REQUESTS_MAX: usize = 32;
/// How long a phone waits for its turn before it is told to come again, in milliseconds.
pub const SYNC_WAIT_MS_MAX: u64 = 5_000;
/// When a phone that was turned away comes again at the earliest, in seconds.
pub const SYNC_RETRY_S_MIN: u64 = 2;
/// When it comes again at the latest, in seconds.
pub const SYNC_RETRY_S_MAX: u64 = 30;
/// Requests of phones that wait for their turn; one more is told to come again at once.
pub const SYNC_REQUESTS_WAITING_MAX: usize = 512;
/// First syncs, and others with much to read, that the server works on at the same time: each holds a connection to the
/// database and a page of [`FEED_INFLATED_BYTES_MAX`] while it is made. Never more than half of the connections that read.
pub const FIRST_SYNCS_AT_ONCE: usize = 4;
/// First syncs that wait for their turn; one more is told to come again at once.
pub const FIRST_SYNCS_WAITING_MAX: usize = 64;
/// When a first sync that was turned away comes again at the earliest, in seconds.
pub const FIRST_SYNC_RETRY_S_MIN: u64 = 5;
/// When it comes again at the latest, in seconds: a thousand phones are then seventeen in a second.
pub const FIRST_SYNC_RETRY_S_MAX: u64 = 65;
/// Rows of the feed that may wait for a phone before its sync is counted among the first syncs.
pub const FIRST_SYNC_ROWS_MIN: i64 = 200;
/// What one answer carries down at most, in inflated bytes, unless a single item is larger.
pub const FEED_INFLATED_BYTES_MAX: usize = 1024 * 1024;
/// Rows of the feed that one answer looks at.
pub const FEED_ROWS_MAX: i64 = 500;
/// Times that one answer looks for more rows while it is not full.
pub const FEED_BATCHES_MAX: usize = 20;
/// Syncs that wait for the rulings of what they brought, before they are answered. Whoever comes while so many wait is
/// answered at once, and gets the rulings with the next sync.
pub const SYNCS_AWAITING_RULINGS_MAX: usize = 4;
/// Times that a page is judged anew because another writer was faster.
pub const SYNC_ATTEMPTS_MAX: u32 = 12;
/// Rows of the duplicate index in one item of the feed.
pub const INDEX_PAGE_ROWS: usize = 200;
/// An imported file, in bytes: so many rows, with room for long names.
pub const IMPORT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Rows of an imported file.
pub const IMPORT_ROWS_MAX: usize = 10_000;
/// Rows of a CSV file that are put in one transaction; others write between two of them.
pub const IMPORT_CHUNK_ROWS: usize = 50;
/// Imports of the console that one process has under way at once.
pub const IMPORTS_AT_ONCE: usize = 2;
/// Imports of one person that may be under way or wait.
pub const IMPORTS_OPEN_MAX: i64 = 8;
/// How long a process that imports a file has it before another takes it over, in milliseconds; it says so with each chunk.
pub const IMPORT_LEASE_MS: i64 = 15_000;
/// Times that an import is begun again without getting on; a file that ends the process each time is given up after them.
pub const IMPORT_ATTEMPTS_MAX: i64 = 4;
/// How long an import can be looked at after it ended, in milliseconds.
pub const IMPORT_KEPT_MS: i64 = 7 * 24 * 3_600_000;
/// How long the console waits for work that is mostly short before it shows how far it is, in milliseconds.
pub const WORK_AWAITED_MS: u64 = 1_500;
/// How long after its end pages are still told of an import, in milliseconds: longer than between two looks.
pub const WORK_TOLD_MS: i64 = 60_000;
/// How long pages show what a change of somebody left to be ruled again, in milliseconds.
pub const RERULING_SHOWN_MS: i64 = 24 * 3_600_000;
/// How long an import may take, and the command line waits for its answer, in seconds.
pub const IMPORT_REQUEST_S: u64 = 300;

// Leases.

/// The longest lease (门锁) on a door, in milliseconds: what a team may be off the net.
pub const LEASE_MS_MAX: i64 = 72 * 3_600_000;
/// How long after its end the door of a lease goes to nobody else, in milliseconds: a phone whose clock is slow may still
/// believe that it holds it.
pub const LEASE_GRACE_MS: i64 = 24 * 3_600_000;
/// Leases that one device may hold at once: more doors than a team can walk through in the longest lease.
pub const LEASES_PER_DEVICE_MAX: i64 = 20;

// Printed forms.

/// A drawn signature that is printed with a form, in bytes; a larger one is named by its hash alone.
pub const FORM_DRAWING_BYTES_MAX: usize = 64 * 1024;
/// 编号 of a form that was filled in on paper, in characters.
pub const PAPER_NUMBER_CHARS_MAX: usize = 100;

// Between two phones.

/// A text of a QR code, in characters: version 40 at the lowest level of correction holds as many of its 45.
pub const QR_CHARS_MAX: usize = 4_296;
/// A side of a QR code as a picture, in pixels.
pub const QR_PIXELS_MAX: usize = 4_096;
/// How long a code that was shown may be answered, in milliseconds of the wall clock: a day, as confirmations on site.
pub const CODE_ANSWERED_MS: i64 = 24 * 3_600_000;
/// A question or an answer as it is kept in a document, or its signature, in bytes of base64.
pub const CO_SIGNATURE_BYTES_MAX: usize = 4 * 1024;
/// A parcel, in bytes: a visit of a thousand changes with its certificates is a tenth of it; media never travel in one.
pub const PARCEL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What stands outside a parcel, in bytes.
pub const PARCEL_HEADER_BYTES_MAX: usize = 1_024;
/// Documents in one parcel: a visit and what was confirmed of it.
pub const PARCEL_DOCUMENTS_MAX: usize = 16;
/// Changes of all documents of one parcel.
pub const PARCEL_CHANGES_MAX: usize = 10_000;
/// Certificates, and signatures over tips, in one parcel.
pub const PARCEL_CERTIFICATES_MAX: usize = 200;

// The phone's keys.

/// What a phone's error tells a log, in Unicode scalar values.
pub const PROBLEM_DETAILS_CHARS_MAX: usize = 2_000;
/// Signatures that a phone remembers to have held while its store is open: 40 bytes each.
pub const SIGNATURES_REMEMBERED_MAX: usize = 20_000;
/// A signer's PIN, in Unicode scalar values.
pub const PIN_CHARS_MIN: usize = 4;
/// Wrong PINs in a row before a key stays shut until its person logs in again.
pub const PIN_FAILURES_MAX: i64 = 10;
/// Memory of the PIN's key derivation, in KiB.
pub const PIN_KDF_MEMORY_KIB: u32 = 19 * 1024;
/// Passes of the PIN's key derivation.
pub const PIN_KDF_PASSES: u32 = 2;
/// One file of evidence, in bytes: half an hour of video from a phone.
pub const EVIDENCE_BYTES_MAX: i64 = 2 * 1024 * 1024 * 1024;
/// How long a link to one piece of evidence serves, in seconds.
pub const MEDIA_LINK_S: i64 = 300;
/// Ranges that are sent in one answer: a player asks for one, whoever asks for more gets the whole.
pub const BYTE_RANGES_MAX: usize = 16;
/// Numbers of sheets in one block: a team on the road without a net for a month.
pub const SHEET_NUMBERS_BLOCK: i64 = 200;
/// Numbers of sheets that a phone keeps in store; below it, it asks for another block.
pub const SHEET_NUMBERS_LOW: i64 = 20;

// Evidence on a phone.

/// The first part of a file that a phone sends in one request, in bytes.
pub const UPLOAD_PART_BYTES_FIRST: u64 = 256 * 1024;
/// The smallest part: what goes up on a slow line before a request takes too long, in bytes.
pub const UPLOAD_PART_BYTES_MIN: u64 = 32 * 1024;
/// The largest part, in bytes: a phone holds one in memory, whatever the file's size.
pub const UPLOAD_PART_BYTES_MAX: u64 = 1024 * 1024;
/// Answers one after the other that bring an upload no further, before the next file has its turn.
pub const UPLOAD_STUCK_MAX: u32 = 8;
/// The largest file that goes over a metered network unless its owner says otherwise, in bytes: photographs go, films wait.
pub const METERED_BYTES_MAX: i64 = 1024 * 1024;
/// The time between two words of progress to an app, in milliseconds: each attaches a thread of its machine.
pub const PROGRESS_MS: i64 = 500;
/// Room on the disk that evidence may not take, in bytes: forms go on being saved in it when everything else is full.
pub const RESERVE_BYTES: u64 = 8 * 1024 * 1024;
/// How much of that room is given up at a time, in bytes.
pub const RESERVE_STEP_BYTES: u64 = 1024 * 1024;
/// How long a phone's store that was read whole and found sound is opened without being read whole, in milliseconds: after
/// the first it is read while it is open, after the second before it is opened.
pub const STORE_LOOKED_THROUGH_MS: i64 = 24 * 3_600_000;
/// See [`STORE_LOOKED_THROUGH_MS`].
pub const STORE_LOOKED_THROUGH_FIRST_MS: i64 = 7 * 24 * 3_600_000;
/// How long after its opening a store is read whole at the earliest, in milliseconds: the first lists come before.
pub const STORE_LOOKED_THROUGH_AFTER_MS: u64 = 5_000;
/// How long a captured file that no record names is kept, in milliseconds.
pub const ORPHAN_KEPT_MS: i64 = 30 * 24 * 3_600_000;

// What the server makes of evidence.

/// Pixels of a picture that is decoded: the largest that phones take.
pub const IMAGE_PIXELS_MAX: u64 = 100_000_000;
/// A side of a picture that is decoded, in pixels.
pub const IMAGE_SIDE_PX_MAX: u32 = 16_384;
/// A picture's file that is decoded, in bytes: a hundred megapixels at the best quality.
pub const IMAGE_FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// What decoding one picture may take, in bytes.
pub const IMAGE_DECODE_BYTES_MAX: u64 = 200 * 1024 * 1024;
/// What examining one file may hold at any moment, in bytes: a decoded picture, the two that are made of it, metadata and
/// buffers.
pub const EXAMINATION_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Metadata of one file that is read, in bytes: the index of hours of video, or the beginning of a HEIC file.
pub const METADATA_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Scans of one JPEG: progressive ones have about ten, and each costs a pass over the whole picture.
pub const JPEG_SCANS_MAX: u32 = 100;
/// Segments, chunks or boxes at the top of one file.
pub const MEDIA_PARTS_MAX: u32 = 100_000;
/// The longer side of a thumbnail, in pixels.
pub const THUMBNAIL_PX: u32 = 512;
/// The longer side of the picture for a screen, in pixels: not above half of what a camera of 12 megapixels takes, so that
/// such a picture is decoded at half its size.
pub const SCREEN_PX: u32 = 1_920;

/// How long a process that examines a file has it before another takes it over, in milliseconds; one that lives says so
/// three times as often.
pub const MEDIA_LEASE_MS: i64 = 60_000;
/// Times that examining one file is begun; a file that ends the process each time is given up after them.
pub const MEDIA_ATTEMPTS_MAX: i64 = 4;
/// How long a file waits after a failed attempt, in milliseconds.
pub const MEDIA_RETRY_MS: i64 = 30_000;
/// Other pictures like one, and visits with the same one, that are kept, told and ruled again: a person looks at a few.
pub const REUSE_TOLD_MAX: usize = 20;

// The laboratory.

/// Seals that a laboratory reports with one sample.
pub const RECEIPT_SEALS_MAX: usize = 100;

// The database.

/// Connections that read a SQLite file beside its one writer.
pub const SQLITE_READERS_MAX: u32 = 8;
/// Connections of one server to PostgreSQL, shared by readers and writers, unless the operator says otherwise.
pub const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a request waits for a connection or a lock before it is told to come again, in seconds.
pub const DATABASE_WAIT_S: u64 = 20;
/// How long a transaction on PostgreSQL may sleep before it is ended, in seconds: a server that froze or lost its network
/// must not hold what the others wait for.
pub const TRANSACTION_IDLE_S: u64 = 60;
/// When to come again after the database could not be reached, in seconds.
pub const DATABASE_RETRY_S: u64 = 5;
/// Rows that are moved from one database to another at a time.
pub const TRANSFER_ROWS: i64 = 200;

// After a restore.

/// Signed papers that a phone brings back in one request.
pub const RETURNED_PAPERS_MAX: usize = 200;

// Objects.

/// What is held of an object while it is written, and a part of an upload, in bytes.
pub const OBJECT_WRITE_BYTES: usize = 8 * 1024 * 1024;
/// What is held of an object while it is read, in bytes.
pub const OBJECT_READ_BYTES: u64 = 1024 * 1024;
/// How long one request to an S3-compatible store may take, in seconds: a part on a slow line.
pub const OBJECTS_REQUEST_S: u64 = 30;
/// Times that a request to an S3-compatible store is sent again.
pub const OBJECTS_RETRIES_MAX: usize = 4;
/// How long a request to an S3-compatible store is sent again, and a connection waited for, in seconds: after that the
/// caller is told to come again.
pub const OBJECTS_RETRY_S_MAX: u64 = 10;
/// When to come again while objects cannot be written or read, in seconds.
pub const OBJECTS_AWAY_S: u64 = 5;
/// When to come again while the disk is full, in seconds.
pub const STORAGE_FULL_S: u64 = 60;

// Uploads.

/// How long an unfinished upload is kept after bytes last came, in milliseconds: a team may be off the net for days.
pub const UPLOAD_UNFINISHED_MS: i64 = 7 * 24 * 3_600_000;
/// How long an upload that is over is remembered, in milliseconds: so long its client is told that it is gone.
pub const UPLOAD_REMEMBERED_MS: i64 = 30 * 24 * 3_600_000;
/// How old an object must be that no upload names before it is deleted, in milliseconds.
pub const UPLOAD_ORPHAN_MS: i64 = 24 * 3_600_000;
/// The time between two looks for such objects, in seconds.
pub const UPLOADS_SWEPT_S: u64 = 6 * 3_600;
/// Unfinished uploads of one device for one entry of a manifest; the oldest go.
pub const UPLOADS_PER_ENTRY_MAX: usize = 4;
/// The header `Upload-Metadata`, in bytes.
pub const UPLOAD_METADATA_BYTES_MAX: usize = 4 * 1024;
/// Requests that write uploads at the same time; each holds [`OBJECT_WRITE_BYTES`] at most, so together half a gigabyte.
pub const UPLOADS_AT_ONCE: usize = 64;
/// Those of one device.
pub const UPLOADS_AT_ONCE_PER_DEVICE: usize = 4;
/// How long a request that brings bytes may be silent before its connection counts as dead, in seconds.
pub const UPLOAD_IDLE_S: u64 = 60;
/// How long a request that is taken over may go on to read what the network has delivered, in milliseconds.
pub const UPLOAD_LAST_MS: u64 = 2_000;
/// How long it waits for more of that, in milliseconds.
pub const UPLOAD_LAST_GAP_MS: u64 = 50;
/// How long bytes are in memory alone before they become a part, in seconds: on a slow line a server that is killed loses no
/// more than came in that time.
pub const UPLOAD_PART_AGE_S: u64 = 10;
/// A request that brings bytes from its first to its last, in seconds: a film on a slow line.
pub const UPLOAD_REQUEST_S: u64 = 24 * 3_600;
/// What is read and thrown away of a request that was refused, in bytes, so that its client hears why.
pub const UPLOAD_DRAINED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long that may take, in seconds.
pub const UPLOAD_DRAIN_S: u64 = 5;
/// Uploads whose hash is computed at the same time by one server.
pub const UPLOADS_FINISHED_AT_ONCE: usize = 4;
/// Uploads that one look for unfinished work finds.
pub const UPLOADS_LOOKED_AT: i64 = 200;
/// How long a server leaves to the others what they finished, in milliseconds.
pub const UPLOAD_LEFT_TO_OTHERS_MS: i64 = 30_000;
/// Uploads that are ended or cleaned in one transaction.
pub const UPLOADS_CLEANED_AT_ONCE: i64 = 500;

/// Characters of an enterprise's name by which its visits are searched: a row of an index has no room for more.
pub const VISIT_NAME_SEARCHED_CHARS: usize = 120;
/// Characters of all product names of a visit by which it is searched.
pub const VISIT_PRODUCTS_SEARCHED_CHARS: usize = 400;
/// Rows of the list of enterprises that were not sampled, in one file.
pub const NOT_SAMPLED_ROWS_MAX: u32 = 10_000;

/// Rows of the list of tasks, in one file.
pub const TASKS_EXPORTED_MAX: u32 = 2_000;
/// Disclosures of one task that rules look at, the earliest first.
pub const TASK_DISCLOSURES_RULED_MAX: u32 = 64;

// The credit publicity system.

/// How often a server looks what the publicity system is to be told, in milliseconds.
pub const PUBLICITY_LOOK_MS: u64 = 2_000;
/// Messages that one server delivers at the same time.
pub const PUBLICITY_AT_ONCE: u32 = 8;
/// What the publicity system may answer to a message, in bytes.
pub const PUBLICITY_ANSWER_BYTES_MAX: u64 = 64 * 1024;

// Cases.

/// How long before its time is over a case counts as pressing, in milliseconds.
pub const CASE_DUE_SOON_MS: i64 = 6 * 3_600_000;
/// Open cases that one look at a queue goes through, the oldest first.
pub const CASES_OPEN_MAX: u32 = 20_000;

// Live notice.

/// Streams of live notice that one person may have open at one server.
pub const EVENT_STREAMS_PER_USER_MAX: usize = 8;
/// Streams of live notice that one server keeps open.
pub const EVENT_STREAMS_MAX: usize = 2_000;
/// How often a server looks for what others have written, in milliseconds, while anybody listens.
pub const EVENTS_POLL_MS: u64 = 500;
/// The longest silence of a stream, in seconds: what is between would take it for dead.
pub const EVENTS_HEARTBEAT_S: u64 = 15;
/// When to come again after a stream has ended, in milliseconds.
pub const EVENTS_RETRY_MS: u64 = 3_000;
/// Rows of the feed that a stream reads at a time.
pub const EVENTS_ROWS: i64 = 256;
/// Positions of the feed that a stream goes back to what was missed; whoever was away longer reads their lists anew.
pub const EVENTS_BEHIND_MAX: i64 = 20_000;

// Waking phones.

/// A push token, in characters of printable ASCII: those of Web Push are whole addresses.
pub const PUSH_TOKEN_CHARS_MAX: usize = 2_000;
/// How often a server looks whom to wake, in milliseconds.
pub const WAKES_LOOK_MS: u64 = 1_000;
/// Positions of the feed that one look goes through.
pub const WAKES_POSITIONS: i64 = 5_000;
/// Wakes that one server sends at the same time.
pub const WAKES_AT_ONCE: u32 = 32;
/// The rest of a phone after it was woken, in milliseconds: what comes meanwhile is one wake at its end.
pub const WAKE_REST_MS: i64 = 30_000;
/// A request to a webhook, in seconds.
pub const WEBHOOK_REQUEST_S: u64 = 10;
/// How long a server that sends something to a webhook has it to itself, in milliseconds.
pub const WEBHOOK_LEASE_MS: i64 = 60_000;
/// The first wait after a webhook failed, in milliseconds; it doubles.
pub const WEBHOOK_RETRY_BASE_MS: i64 = 5_000;
/// The longest of these waits, in milliseconds, whatever the other side asks for.
pub const WEBHOOK_RETRY_MAX_MS: i64 = 3_600_000;
/// For how long a wake is tried, in milliseconds: a phone that nobody could wake for a day syncs when it is opened.
pub const WAKE_GIVEN_UP_MS: i64 = 24 * 3_600_000;

// The log.

/// How often a server makes a checkpoint of its log, in milliseconds, where anything was logged.
pub const CHECKPOINT_REST_MS: u64 = 10 * 60_000;
/// Chains that one checkpoint takes in; the rest stand under the next.
pub const CHECKPOINT_CHAINS_MAX: u32 = 20_000;

/// How often a server looks which checkpoints wait for a time stamp, in milliseconds.
pub const STAMP_LOOK_MS: u64 = 60_000;
/// Time stamps that one look asks for, one after the other.
pub const STAMPS_AT_ONCE: u32 = 16;
/// A request to an authority of time stamps, in seconds; a bundle waits so long for its own.
pub const STAMP_REQUEST_S: u64 = 10;
/// How long a server that asks for a time stamp has the checkpoint to itself, in milliseconds.
pub const STAMP_LEASE_MS: i64 = 60_000;
/// What an authority may answer, in bytes: a signature and a chain of certificates.
pub const STAMP_ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// How long a bundle can be continued after it was made, in milliseconds.
pub const EXPORT_KEPT_MS: i64 = 24 * 3_600_000;
/// A file of a bundle that is read whole when it is checked, in bytes: everything but evidence, which is hashed a piece at a
/// time. A log of a hundred thousand lines is shorter.
pub const BUNDLE_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What a server may have in memory, all of it, while it makes and sends bundles of any length, in bytes. Held by a test.
pub const EXPORT_RESIDENT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// What `fieldseal verify` may have in memory while it checks one of any length, in bytes. Held by a test.
pub const VERIFY_RESIDENT_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// How often bundles that are older are looked for, in milliseconds.
pub const EXPORTS_SWEPT_MS: u64 = 10 * 60_000;
/// How often a bundle is begun anew because the visit was written to meanwhile.
pub const EXPORT_ATTEMPTS_MAX: u32 = 8;

// Backups.

/// How much of a file is read at a time while it is copied and hashed, in bytes.
pub const BACKUP_READ_BYTES: usize = 256 * 1024;
/// A manifest that is longer was not written by us, in bytes: a million files fit.
pub const BACKUP_MANIFEST_BYTES_MAX: u64 = 256 * 1024 * 1024;

// Hosts of the phone's library.

/// Threads of the library on which calls do their work; more calls wait for one.
pub const FACE_THREADS_MAX: usize = 64;
/// How long the phone's system is waited for to say where it is, in milliseconds: then work goes on without a place.
pub const LOCATION_WAIT_MS: u64 = 2_000;
/// How long a key in the phone's hardware is waited for, in seconds: a person may have to touch a sensor.
pub const SIGNER_WAIT_S: u64 = 60;
/// How long an opening waits for a folder that is open still, in milliseconds.
pub const STORE_OPENED_WITHIN_MS: u64 = 2_000;
/// How long closing a store waits for calls under way, in milliseconds.
pub const STORE_CLOSED_WITHIN_MS: u64 = 10_000;
/// How often somebody who waits for a host looks whether the task was stopped, in milliseconds.
pub const HOST_LOOKED_AFTER_MS: u64 = 50;
/// Lines of the log that wait for the host; more are left out.
pub const LOG_LINES_WAITING_MAX: usize = 256;
/// How long a task that has ended waits for its listener to hear the last step, in milliseconds.
pub const PROGRESS_END_WAIT_MS: u64 = 250;
/// Syncs of one store that run or wait for their turn; each has a thread of its own.
pub const SYNCS_AT_ONCE_MAX: usize = 16;
/// The latest that a clock of the host may say, in milliseconds: the end of the year 9999.
pub const CLOCK_MS_MAX: i64 = 253_402_300_799_999;
/// The name that a host gives to a boot, in characters.
pub const BOOT_ID_CHARS_MAX: usize = 128;
/// Enterprises that one search gives.
pub const ENTERPRISES_FOUND_MAX: usize = 100;
