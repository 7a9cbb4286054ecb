use proptest::prelude::*;

use super::*;

fn values(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn template(source: &str) -> UriTemplate {
    UriTemplate::parse(source).unwrap()
}

#[test]
fn expansion_follows_the_examples_of_the_rfc() {
    let given = values(&[
        ("var", "value"),
        ("hello", "Hello World!"),
        ("path", "/foo/bar"),
        ("empty", ""),
        ("x", "1024"),
        ("y", "768"),
        ("half", "50%"),
    ]);
    let check = |source: &str, expect: &str| assert_eq!(template(source).expand(&given), expect, "{source}");
    check("{var}", "value");
    check("{hello}", "Hello%20World%21");
    check("{half}", "50%25");
    check("O{empty}X", "OX");
    check("O{undef}X", "OX");
    check("{x,y}", "1024,768");
    check("{x,hello,y}", "1024,Hello%20World%21,768");
    check("?{x,empty}", "?1024,");
    check("?{x,undef}", "?1024");
    check("?{undef,y}", "?768");
    check("{+var}", "value");
    check("{+hello}", "Hello%20World!");
    check("{+path}/here", "/foo/bar/here");
    check("here?ref={+path}", "here?ref=/foo/bar");
    check("{+x,hello,y}", "1024,Hello%20World!,768");
    check("{#x,hello,y}", "#1024,Hello%20World!,768");
    check("{#path}x", "#/foo/barx");
    check("X{#undef}", "X");
    check("{.x,y}", ".1024.768");
    check("X{.empty}", "X.");
    check("{/var,x}/here", "/value/1024/here");
    check("{/var,empty}", "/value/");
    check("{;x,y}", ";x=1024;y=768");
    check("{;x,y,empty}", ";x=1024;y=768;empty");
    check("{?x,y,empty}", "?x=1024&y=768&empty=");
    check("{?x,undef}", "?x=1024");
    check("?fixed=yes{&x}", "?fixed=yes&x=1024");
    check("a b/{var}/é", "a%20b/value/%C3%A9");
}

#[test]
fn uris_are_read_back() {
    let check = |source: &str, uri: &str, expect: Option<&[(&str, &str)]>| {
        assert_eq!(template(source).matches(uri), expect.map(values), "{source} {uri}");
    };
    check("test://{id}", "test://42", Some(&[("id", "42")]));
    check("x:{a}{b}", "x:1%C3%A9", Some(&[("a", "1"), ("b", "é")]));
    check("x:{a}{b}{/c}", "x:%401", Some(&[("a", "@"), ("b", "1")]));
    check("x:{a}{b}", "x:%C3%A9", None);
    check("test://{id}", "test://a%2Fb%20c", Some(&[("id", "a/b c")]));
    check("test://{id}", "test://user@host:1", Some(&[("id", "user@host:1")]));
    check("test://{id}", "test://é", Some(&[("id", "é")]));
    check("test://{id}", "test://", None);
    check("test://{id}", "test://a/b", None);
    check("test://{id}", "test://a?b", None);
    check("test://{id}", "other://a", None);
    check("test://{id}", "test://%zz", None);
    check("test://{id}", "test://%ff", None);
    check("test://{id}/data", "test://7/data", Some(&[("id", "7")]));
    check("test://{id}/data", "test://7/data/", None);
    check("{a}-{b}", "x-y-z", Some(&[("a", "x-y"), ("b", "z")]));
    check("{+a}/{b}", "x/y/z", Some(&[("a", "x/y"), ("b", "z")]));
    check("{a,b}", "1,2", Some(&[("a", "1"), ("b", "2")]));
    check("{a,b}", "1", Some(&[("a", "1")]));
    check("file:///{+path}", "file:///a/b?c#d", Some(&[("path", "a/b?c#d")]));
    check("file:///{+path}.md", "file:///a.md/b.md", Some(&[("path", "a.md/b")]));
    check("x{/a,b}", "x", Some(&[]));
    check("x{/a,b}", "x/1", Some(&[("a", "1")]));
    check("x{/a,b}", "x/1/2", Some(&[("a", "1"), ("b", "2")]));
    check("x{/a,b}", "x/1/2/3", None);
    check("x{.e}", "x.tar.gz", Some(&[("e", "tar.gz")]));
    check("x{#f}", "x#a/b", Some(&[("f", "a/b")]));
    check("x{?q,r}", "x", Some(&[]));
    check("x{?q,r}", "x?q=1&r=2", Some(&[("q", "1"), ("r", "2")]));
    check("x{?q,r}", "x?r=2&q=1", Some(&[("q", "1"), ("r", "2")]));
    check("x{?q,r}", "x?r=a=b", Some(&[("r", "a=b")]));
    check("x{?q,r}", "x?q=", Some(&[("q", "")]));
    check("x{?q,r}", "x?q=1&q=2", None);
    check("x{?q,r}", "x?q=1&s=2", None);
    check("x{?q,r}", "x?", None);
    check("x{?q,query}", "x?query=1&q=2", Some(&[("q", "2"), ("query", "1")]));
    check("x?a=1{&b}", "x?a=1&b=2", Some(&[("b", "2")]));
    check("x:{+p}{?q}", "x:a/b?q=/x", Some(&[("p", "a/b"), ("q", "/x")]));
    check("x:{+p}{?q}", "x:a/b?r=1", Some(&[("p", "a/b?r=1")]));
    check("x:{+p}/e{?q}", "x:a/e/e?q=/e", Some(&[("p", "a/e"), ("q", "/e")]));
    check("x:{file}{.ext}", "x:a.txt", Some(&[("file", "a"), ("ext", "txt")]));
    check("x:{file}{.ext}", "x:a", Some(&[("file", "a")]));
    check("x:{+p}{#f}", "x:a#b", Some(&[("p", "a"), ("f", "b")]));
    check("x{;p,q}", "x;q;p=1", Some(&[("p", "1"), ("q", "")]));
    check("x{?q}{#f}", "x?q=1#2", Some(&[("q", "1"), ("f", "2")]));
    check("caf\u{e9}/{a}", "café/1", Some(&[("a", "1")]));
    check("caf\u{e9}/{a}", "caf%C3%A9/1", Some(&[("a", "1")]));
    check("plain://text", "plain://text", Some(&[]));
    check("", "", Some(&[]));
}

#[test]
fn what_is_no_template_is_named() {
    use UriTemplateError as E;
    let check = |source: &str, expect: E| assert_eq!(UriTemplate::parse(source), Err(expect), "{source}");
    check("a{b", E::Brace(1));
    check("a}b", E::Brace(1));
    check("{a{b}}", E::Brace(0));
    check("x{}", E::Empty(1));
    check("{a,}", E::Empty(0));
    check("{?}", E::Empty(0));
    check("{!a}", E::Operator('!'));
    check("{a b}", E::Name("a b".into()));
    check("{a..b}", E::Name("a..b".into()));
    check("{%4}", E::Name("%4".into()));
    check("{a*}", E::Modifier("a*".into()));
    check("{a:3}", E::Modifier("a:3".into()));
    check("{a}/{a}", E::Repeated("a".into()));
    assert_eq!(template("{a,b}{?c.d}").variables().collect::<Vec<_>>(), ["a", "b", "c.d"]);
}

#[test]
fn hostile_uris_take_linear_time() {
    let many = template(&(0..40).map(|n| format!("{{+v{n}}}a")).collect::<String>());
    let uri = "a".repeat(20_000) + "b";
    assert_eq!(many.matches(&uri), None);
    assert_eq!(template("{+a}").matches(&"a".repeat(64 * 1024 + 1)), None);
}

proptest! {
    #[test]
    fn expanding_and_matching_are_inverse(
        a in ".{1,12}", b in ".{1,12}", q in ".{0,12}", r in ".{0,12}",
        with_q in any::<bool>(), with_r in any::<bool>(),
    ) {
        let template = template("test://{a}/x/{b}{?q,r}");
        let mut given = IndexMap::from([("a".to_owned(), a), ("b".to_owned(), b)]);
        if with_q { given.insert("q".to_owned(), q); }
        if with_r { given.insert("r".to_owned(), r); }
        prop_assert_eq!(template.matches(&template.expand(&given)), Some(given));
    }

    #[test]
    fn every_operator_reads_back_what_it_wrote(value in ".{1,16}", operator in "[+#/;?&]?") {
        let template = template(&format!("x:y{{{operator}v}}"));
        let given = IndexMap::from([("v".to_owned(), value)]);
        prop_assert_eq!(template.matches(&template.expand(&given)), Some(given));
    }

    #[test]
    fn nothing_panics(source in "[a{}+#./;?&,*:%é]{0,20}", uri in "[a=+#./;?&,%é]{0,20}") {
        if let Ok(template) = UriTemplate::parse(&source)
            && let Some(found) = template.matches(&uri)
        {
            // Whatever was read can be written and read again.
            prop_assert!(template.matches(&template.expand(&found)).is_some());
        }
    }
}
