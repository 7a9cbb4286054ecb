//! What the compiler says where tools are written wrongly.

#[test]
#[cfg(feature = "macros")]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
