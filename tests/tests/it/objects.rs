//! What every store of objects must do: the folder of the default, and an S3-compatible server.

use std::path::Path;

use fieldseal_server::objects::{
    ObjectName, Objects, ObjectsError, OpenObjectsError, UPLOADS, Written,
};
use fieldseal_tests::s3::S3Server;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sync_core::limits::OBJECT_WRITE_BYTES;
use sync_core::model::{Digest, UploadId};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Bytes that no two places share.
fn bytes(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at * 31 + at / 256 * 7) as u8)
        .collect()
}

fn in_folder(folder: &Path) -> Objects {
    Objects::open(None, folder, []).expect("a folder")
}

fn original(number: u8) -> ObjectName {
    ObjectName::original(Digest([number; 32]))
}

async fn whole(objects: &Objects, name: &ObjectName) -> Vec<u8> {
    let size = objects.size(name).await.unwrap().expect("it is there");
    let pieces: Vec<_> = objects.stream(name, 0..size).try_collect().await.unwrap();
    pieces.concat()
}

async fn write(objects: &Objects, name: &ObjectName, what: &[u8], piece: usize) -> Written {
    let mut writer = objects.writer(name);
    for piece in what.chunks(piece) {
        writer.put(piece.to_vec().into()).await.unwrap();
    }
    writer.finish().await.unwrap()
}

/// What all of them do.
pub async fn keeps_the_contract(objects: &Objects) {
    // Written once: who comes second changes nothing.
    let name = original(1);
    let first = objects.put_new(&name, "first".into()).await.unwrap();
    let second = objects.put_new(&name, "second!".into()).await.unwrap();
    assert_eq!((first, second), (Written::New, Written::There));
    assert_eq!(whole(objects, &name).await, b"first");
    assert_eq!(write(objects, &name, b"third", 2).await, Written::There);
    let long = bytes(OBJECT_WRITE_BYTES + 1);
    assert_eq!(write(objects, &name, &long, 100_000).await, Written::There);
    assert_eq!(whole(objects, &name).await, b"first");

    // Of two at once one writes.
    let name = original(2);
    let racers = (0..8).map(|_| objects.put_new(&name, "same".into()));
    let raced = futures_util::future::join_all(racers).await;
    let new = raced.iter().filter(|it| matches!(it, Ok(Written::New)));
    assert_eq!(new.count(), 1, "{raced:?}");

    // Any range, of short objects and long ones.
    let name = original(3);
    let long = bytes(2 * OBJECT_WRITE_BYTES + 12_345);
    assert_eq!(write(objects, &name, &long, 1_000_003).await, Written::New);
    let length = long.len() as u64;
    assert_eq!(objects.size(&name).await.unwrap(), Some(length));
    assert!(whole(objects, &name).await == long);
    for (from, to) in [
        (0, 1),
        (0, 0),
        (5, 9),
        (length - 1, length),
        (8_388_600, 8_388_700),
    ] {
        let read = objects.read(&name, from..to).await.unwrap();
        assert!(read == long[from as usize..to as usize], "{from}..{to}");
    }
    let middle: Vec<_> = objects
        .stream(&name, 1_048_575..3_145_729)
        .try_collect()
        .await
        .unwrap();
    assert!(middle.concat() == long[1_048_575..3_145_729]);

    // Exactly one piece, and nothing at all.
    for (number, length) in [(4, OBJECT_WRITE_BYTES), (5, 2 * OBJECT_WRITE_BYTES), (6, 0)] {
        let (name, what) = (original(number), bytes(length));
        assert_eq!(write(objects, &name, &what, 3_000_000).await, Written::New);
        assert_eq!(objects.size(&name).await.unwrap(), Some(length as u64));
        assert!(whole(objects, &name).await == what);
    }

    // What is given up was never there.
    let name = original(7);
    let mut writer = objects.writer(&name);
    writer.put(long.clone().into()).await.unwrap();
    writer.abort().await;
    assert_eq!(objects.size(&name).await.unwrap(), None);
    let missing = objects.read(&name, 0..1).await;
    assert!(
        matches!(missing, Err(ObjectsError::Missing(_))),
        "{missing:?}"
    );

    // A listing knows every object below a folder and none beside it.
    let (one, other) = (UploadId(Uuid::from_u128(1)), UploadId(Uuid::from_u128(2)));
    for (upload, offset) in [(one, 0), (one, 5), (other, 0)] {
        let name = ObjectName::part(upload, offset, [7; 8]);
        objects.put_new(&name, "part!".into()).await.unwrap();
        assert_eq!(ObjectName::parse(name.as_str()), Some(name));
    }
    let listed: Vec<_> = objects.list(&format!("{UPLOADS}/{one}")).collect().await;
    let mut names: Vec<String> = listed
        .into_iter()
        .map(|it| it.unwrap().name.to_string())
        .collect();
    names.sort();
    let part = |offset| format!("uploads/{one}/{offset}-0707070707070707");
    assert_eq!(names, [part(0), part(5)]);
    assert_eq!(objects.list(UPLOADS).count().await, 3);

    // Deleted is gone, and deleting again is nothing.
    for offset in [0, 5, 5] {
        let name = ObjectName::part(one, offset, [7; 8]);
        objects.delete(&name).await.unwrap();
    }
    assert_eq!(objects.list(UPLOADS).count().await, 1);
    objects.delete(&original(1)).await.unwrap();
    objects.delete(&original(1)).await.unwrap();
    assert_eq!(objects.size(&original(1)).await.unwrap(), None);
    let again = objects.put_new(&original(1), "anew".into()).await.unwrap();
    assert_eq!(again, Written::New);
}

#[test]
fn a_folder_keeps_the_contract_of_objects() {
    let folder = TempDir::new().unwrap();
    let objects = in_folder(&folder.path().join("deep").join("objects"));
    Runtime::new()
        .unwrap()
        .block_on(keeps_the_contract(&objects));
}

#[test]
fn a_server_of_s3_keeps_the_contract_of_objects() {
    let Some(s3) = S3Server::start() else {
        return;
    };
    let objects = Objects::open(Some(&s3.url), Path::new("unused"), s3.environment.clone());
    let objects = objects.expect("a bucket");
    assert!(objects.folder().is_none());
    Runtime::new()
        .unwrap()
        .block_on(keeps_the_contract(&objects));
}

#[test]
fn an_upload_that_is_deleted_leaves_no_folder() {
    let folder = TempDir::new().unwrap();
    let objects = in_folder(folder.path());
    let upload = UploadId(Uuid::from_u128(9));
    Runtime::new().unwrap().block_on(async {
        let name = ObjectName::part(upload, 0, [0; 8]);
        objects.put_new(&name, "x".into()).await.unwrap();
        objects.delete(&name).await.unwrap();
    });
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn names_are_ours_and_lead_nowhere_else() {
    for odd in [
        "",
        "evidence",
        "/etc/passwd",
        "evidence/../keys",
        "evidence//x",
        "uploads/./x",
    ] {
        assert_eq!(ObjectName::parse(odd), None, "{odd}");
    }
    let name = original(1);
    assert_eq!(name.as_str(), format!("evidence/{}", "01".repeat(32)));
}

#[test]
fn an_address_that_names_no_store_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    for odd in [
        "objects",
        "ftp://host/x",
        "s3://",
        "s3:///prefix",
        "s3://b/a//b",
        "file://x",
        "s3://k:s@b/",
    ] {
        let opened = Objects::open(Some(odd), folder.path(), []);
        assert!(matches!(opened, Err(OpenObjectsError::Address(_))), "{odd}");
    }
    let there = folder.path().join("shared");
    let url = format!("file://{}", there.display());
    assert!(Objects::open(Some(&url), folder.path(), []).is_ok() && there.is_dir());
    let key = [("AWS_ACCESS_KEY_ID".to_owned(), "half".to_owned())];
    let half = Objects::open(Some("s3://bucket/prefix"), folder.path(), key);
    assert!(matches!(half, Err(OpenObjectsError::Config(_))), "{half:?}");
}

#[test]
fn a_store_that_does_not_answer_is_away_and_holds_nobody_up() {
    // A port that was free a moment ago: nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let environment = [
        (
            "AWS_ENDPOINT_URL".to_owned(),
            format!("http://127.0.0.1:{port}"),
        ),
        ("AWS_ACCESS_KEY_ID".to_owned(), "id".to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), "secret".to_owned()),
        ("AWS_REGION".to_owned(), "us-east-1".to_owned()),
    ];
    let objects =
        Objects::open(Some("s3://bucket/prefix"), Path::new("unused"), environment).unwrap();
    let told = Runtime::new()
        .unwrap()
        .block_on(objects.put_new(&original(1), "x".into()));
    assert!(
        matches!(told, Err(ObjectsError::Unavailable(_))),
        "{told:?}"
    );
}
