//! Objects that lie elsewhere than in the data folder: in a backup they lie as if they did, so that it can be restored to
//! either place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::TryStreamExt as _;
use sync_core::limits::OBJECT_READ_BYTES;

use super::manifest::{FileSum, Manifest};
use super::{Result, at, copying, damaged};
use crate::data_folder::OBJECTS;
use crate::objects::{EVIDENCE, Listed, ObjectName, Objects, ObjectsError, RENDITIONS, UPLOADS};

/// Copies all of them into a backup.
pub async fn fetch(objects: &Objects, folder: &Path) -> Result<BTreeMap<String, FileSum>> {
    let mut files = BTreeMap::new();
    // Parts first: what becomes an original meanwhile is copied as one.
    for below in [UPLOADS, EVIDENCE, RENDITIONS] {
        let mut listed = std::pin::pin!(objects.list(below));
        while let Some(object) = listed.try_next().await? {
            let path = Path::new(OBJECTS).join(object.name.as_str());
            let Some(name) = Manifest::data_file(&path) else {
                continue;
            };
            match fetch_one(objects, &object, &folder.join(&name)).await? {
                Some(sum) => drop(files.insert(name, sum)),
                // A part of an upload that was finished meanwhile.
                None => continue,
            }
        }
    }
    Ok(files)
}

async fn fetch_one(objects: &Objects, object: &Listed, to: &Path) -> Result<Option<FileSum>> {
    let mut bytes = std::pin::pin!(objects.stream(&object.name, 0..object.size));
    let mut first = match bytes.try_next().await {
        Ok(first) => first,
        Err(ObjectsError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut file = copying::create(to)?;
    let mut hash = Context::new(&SHA256);
    let mut length = 0;
    while let Some(piece) = first.take() {
        hash.update(&piece);
        length += piece.len() as u64;
        file.write_all(&piece).map_err(at(to))?;
        first = bytes.try_next().await?;
    }
    file.sync_all().map_err(at(to))?;
    let sha256 = hex::encode(hash.finish());
    Ok(Some(FileSum {
        bytes: length,
        sha256,
    }))
}

/// Puts all of a backup where objects lie; what is there stays.
pub async fn give_back(objects: &Objects, manifest: &Manifest, from: &Path) -> Result<()> {
    for (path, name, wanted) in manifest.data_files() {
        let Ok(below) = path.strip_prefix(OBJECTS) else {
            continue;
        };
        let object = below.to_str().and_then(ObjectName::parse);
        let object = object.ok_or_else(|| damaged(name, "is no object's name"))?;
        if objects.size(&object).await? == Some(wanted.bytes) {
            continue;
        }
        let file = from.join(name);
        let mut source = File::open(&file).map_err(at(&file))?;
        let mut writer = objects.writer(&object);
        let mut hash = Context::new(&SHA256);
        loop {
            let mut piece = Vec::new();
            let mut next = Read::by_ref(&mut source).take(OBJECT_READ_BYTES);
            next.read_to_end(&mut piece).map_err(at(&file))?;
            if piece.is_empty() {
                break;
            }
            hash.update(&piece);
            writer.put(piece.into()).await?;
        }
        if hex::encode(hash.finish()) != wanted.sha256 {
            writer.abort().await;
            return Err(damaged(name, "changed while it was read"));
        }
        writer.finish().await?;
    }
    Ok(())
}
