//! The console's files: one style sheet, one script, one picture, all of them ours and part of the binary.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::crypto::sha256;
use crate::extract::Path;
use crate::problem::{Code, Problem};

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: &[Asset] = &[
    Asset {
        name: "console.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/console.css"),
    },
    Asset {
        name: "console.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/console.js"),
    },
    Asset {
        name: "review.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/review.js"),
    },
    Asset {
        name: "seal.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../../assets/seal.svg"),
    },
];

/// Addresses by name: each ends in a digest of the bytes, so that a browser may keep them for good.
static ADDRESSES: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let address = |asset: &Asset| {
        let digest = hex::encode(&sha256(asset.bytes)[..6]);
        let address = format!("/console/assets/{}?v={digest}", asset.name);
        (asset.name, address)
    };
    ASSETS.iter().map(address).collect()
});

/// The address of a file.
pub fn address(name: &str) -> String {
    let found = ADDRESSES.iter().find(|(of, _)| *of == name);
    found.map_or_else(String::new, |(_, address)| address.clone())
}

/// `GET /console/assets/{name}`.
pub async fn get_asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or(Problem::new(Code::NotFound))?;
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_an_address_that_changes_with_it() {
        for asset in ASSETS {
            let address = address(asset.name);
            assert!(
                address.starts_with("/console/assets/") && address.contains("?v="),
                "{address}"
            );
        }
        assert_eq!(address("nothing"), "");
    }
}
