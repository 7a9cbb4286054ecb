//! Documents of OAuth: what others send is read or refused, and what is taken is safe to use. An input is one
//! document, read as each kind.
#![no_main]

use std::error::Error as _;

use libfuzzer_sys::fuzz_target;
use mcp_core::auth::client::{ResourceMetadata, ServerMetadata, TokenResponse};
use url::Url;

const SERVER: &str = "https://mcp.example.com/public/mcp";

fuzz_target!(|data: &[u8]| {
    let server = Url::parse(SERVER).expect("a URL");
    match ResourceMetadata::parse(data) {
        Ok(document) if document.is_for(&server) => {
            let resource = Url::parse(&document.resource).expect("what is for a server is a URL");
            assert_eq!(resource.origin(), server.origin());
            assert!(server.path().starts_with(resource.path().trim_end_matches('/')), "{resource}");
        }
        Ok(_) => {}
        Err(error) => assert!(error.source().is_some(), "{error}"),
    }
    if let Ok(document) = ServerMetadata::parse(data) {
        assert_eq!(ServerMetadata::parse(data).ok(), Some(document));
    }
    match TokenResponse::parse(data) {
        Ok(response) => {
            // It goes into a header as it is.
            let token = response.access_token.expose();
            assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()), "{token}");
            assert!(format!("{response:?}").contains("access_token: Secret,"), "a token is shown");
        }
        Err(error) => assert!(error.source().is_some(), "{error}"),
    }
});
