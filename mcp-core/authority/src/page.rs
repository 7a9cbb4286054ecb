//! Pages for people: no scripts, no frames, nothing from elsewhere.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_FRAME_OPTIONS};
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::error::Refusal;
use crate::random::sha256;
use crate::redirect;
use crate::reply::{Reply, set, text};

const STYLE: &str = include_str!("page.css");

/// The only style that a page may have.
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(sha256(STYLE.as_bytes())));

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// What a person is asked.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// Where the form goes.
    pub(crate) action: &'a str,
    pub(crate) ticket: &'a str,
    pub(crate) name: Option<&'a str>,
    /// Who says that the client has this name.
    pub(crate) known: Known<'a>,
    pub(crate) resource: &'a str,
    pub(crate) redirect_uri: &'a str,
    /// What it will be able to do, in words.
    pub(crate) scopes: Vec<Cow<'a, str>>,
    pub(crate) login: Asked<'a>,
    /// What was wrong with the last answer.
    pub(crate) problem: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) enum Known<'a> {
    /// The operator of this server.
    Configured,
    /// Who has this host, by a document there.
    Document { host: &'a str },
    /// Nobody.
    Registered,
}

#[derive(Debug)]
pub(crate) enum Asked<'a> {
    Password,
    /// Whoever comes is this person.
    Development {
        user: &'a str,
        org: &'a str,
    },
}

/// The consent page.
pub(crate) fn question(status: StatusCode, question: &Question<'_>) -> Reply {
    let name = escape(question.name.unwrap_or("An application without a name"));
    let server = escape(question.resource);
    let mut body = format!("<h1>Allow <b>{name}</b> to act for you?</h1>\n");
    if let Asked::Development { user, org } = question.login {
        body += &format!(
            "<p class=\"note\" role=\"note\"><b>Development mode.</b> No password is asked: \
             you are <b>{}</b> of <b>{}</b>.</p>\n",
            escape(user),
            escape(org)
        );
    }
    if let Some(problem) = question.problem {
        body += &format!("<p class=\"problem\" role=\"alert\">{problem}</p>\n");
    }
    body += "<dl>\n";
    body += &match question.known {
        Known::Configured => {
            "<dt>Application</dt><dd>It is known to the operator of this server.</dd>\n".to_owned()
        }
        Known::Document { host } => format!(
            "<dt>Application</dt><dd>It is published by <b>{}</b>. Go on only if you trust that site.</dd>\n",
            escape(host)
        ),
        Known::Registered => {
            "<dt>Application</dt><dd>It registered itself: nobody has checked its name. Go on only if \
                              you have just started it yourself.</dd>\n"
                .to_owned()
        }
    };
    body += &format!("<dt>Server</dt><dd><code>{server}</code></dd>\n");
    body += &format!("<dt>Afterwards you go to</dt><dd>{}</dd>\n</dl>\n", place(question.redirect_uri));
    body += &abilities(&question.scopes);
    body += &format!(
        "<form method=\"post\" action=\"{}\">\n<input type=\"hidden\" name=\"request\" value=\"{}\">\n",
        escape(question.action),
        escape(question.ticket)
    );
    if matches!(question.login, Asked::Password) {
        body += "<p><label for=\"login\">Name</label>\
                 <input id=\"login\" name=\"login\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\"></p>\n\
                 <p><label for=\"password\">Password</label>\
                 <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\"></p>\n";
    }
    body += "<p class=\"buttons\"><button name=\"decision\" value=\"allow\">Allow</button>\n\
             <button name=\"decision\" value=\"deny\" class=\"quiet\">Deny</button></p>\n</form>\n";
    page(status, "Allow access?", &body, Some(question.redirect_uri))
}

fn abilities(scopes: &[Cow<'_, str>]) -> String {
    if scopes.is_empty() {
        return "<h2>It will be able to</h2>\n<p>call the server in your name. It asked for nothing in particular.</p>\n".to_owned();
    }
    let items: String = scopes.iter().map(|scope| format!("<li>{}</li>\n", escape(scope))).collect();
    format!("<h2>It will be able to</h2>\n<ul>\n{items}</ul>\n")
}

/// Where a redirect leads, as people think of places.
fn place(uri: &str) -> String {
    if redirect::is_loopback(uri) {
        return "a program on this computer".to_owned();
    }
    match Url::parse(uri) {
        Ok(url) if url.scheme() == "https" => {
            format!("<b>{}</b>", escape(url.host_str().unwrap_or_default()))
        }
        Ok(url) => format!("the application that opens <code>{}</code> links", escape(url.scheme())),
        Err(_) => String::new(),
    }
}

/// Why nobody is asked, where it must not be told to a redirect URI.
pub(crate) fn refusal(refusal: &Refusal) -> Reply {
    let body = format!(
        "<h1>This request cannot be answered</h1>\n<p class=\"problem\" role=\"alert\">{}</p>\n\
         <p>Nothing was allowed. Go back to the application that sent you here, or tell its makers:\n<code>{}</code></p>\n",
        escape(&refusal.description),
        escape(refusal.code)
    );
    let mut reply = page(refusal.status, "Request refused", &body, None);
    if let Some(seconds) = refusal.retry_after {
        set(&mut reply, http::header::RETRY_AFTER, seconds.to_string());
    }
    reply
}

fn page(status: StatusCode, title: &str, body: &str, leads_to: Option<&str>) -> Reply {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    );
    let mut reply = text(status, "text/html; charset=utf-8", html);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_HASH,
        leads_to.map(form_action).unwrap_or_default()
    );
    set(&mut reply, CONTENT_SECURITY_POLICY, policy);
    set(&mut reply, X_FRAME_OPTIONS, "DENY");
    // Not `no-referrer`: browsers would hide the origin of the form from us.
    set(&mut reply, REFERRER_POLICY, "same-origin");
    set(&mut reply, PERMISSIONS, "interest-cohort=()");
    reply
}

/// Some browsers apply `form-action` to where the answer of a form redirects, so that place has to be in it.
fn form_action(uri: &str) -> String {
    let Ok(url) = Url::parse(uri) else { return String::new() };
    match url.host() {
        // The grammar of the policy knows no addresses in brackets.
        Some(url::Host::Ipv6(_)) => format!(" {}:", url.scheme()),
        Some(_) if url.origin().is_tuple() => format!(" {}", url.origin().ascii_serialization()),
        _ => format!(" {}:", url.scheme()),
    }
}

/// Text in HTML, also in attributes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            _ => out.push(c),
        }
    }
    out
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn policies_lead_where_the_answer_goes() {
        let check = |uri: &str, expect: &str| assert_eq!(form_action(uri), expect);
        check("https://a.example/cb?x", " https://a.example");
        check("http://127.0.0.1:3000/cb", " http://127.0.0.1:3000");
        check("http://[::1]:3000/cb", " http:");
        check("com.example.app:/cb", " com.example.app:");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_place(text in "\\PC*") {
            prop_assert!(!escape(&text).contains(['<', '>', '"', '\'']));
        }
    }
}
