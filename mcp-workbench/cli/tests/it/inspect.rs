//! `mcp inspect` without a terminal. With one, `interop/terminal` uses it; its screens are tested where they are drawn.

use crate::support::Folder;

#[test]
fn without_a_terminal_it_names_what_to_use() {
    let refused = Folder::new().mcp(&["inspect", "http://127.0.0.1:1/mcp"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("`mcp list` and `mcp call`"), "{}", refused.stderr);
}
