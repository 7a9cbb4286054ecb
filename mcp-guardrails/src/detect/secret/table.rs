//! Published formats of credentials: what they begin with, or who gives them out, and what follows.
//!
//! One table; a line is a format.

/// A credential that can be told by itself.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: &'static str,
    /// What it has, in the case it is written in.
    pub(super) literals: &'static [&'static str],
    /// How many bytes stand before the literal.
    pub(super) back: usize,
    /// What stands before and after the literal together, `@` for the literal itself.
    pub(super) pattern: &'static str,
    /// Bits per byte that are least.
    pub(super) entropy: f32,
}

/// A credential that looks like any other, told by the name it is given to.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) kind: &'static str,
    /// Part of the name, whatever its case.
    pub(super) names: &'static [&'static str],
    pub(super) shapes: &'static [Shape],
}

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Digits(usize),
    Hex(usize),
    /// Letters and digits.
    Plain(usize),
    /// Letters, digits and `-_=`, from so many to so many.
    Wide(usize, usize),
    /// Letters, digits and `+/=_-`.
    Base64(usize, usize),
    Uuid,
    /// A pattern of its own.
    Like(&'static str),
}

const fn token(kind: &'static str, literals: &'static [&'static str], pattern: &'static str, entropy: f32) -> Token {
    Token { kind, literals, back: 0, pattern, entropy }
}

const fn within(kind: &'static str, back: usize, literals: &'static [&'static str], pattern: &'static str, entropy: f32) -> Token {
    Token { kind, literals, back, pattern, entropy }
}

const fn keyed(kind: &'static str, names: &'static [&'static str], shapes: &'static [Shape]) -> Keyed {
    Keyed { kind, names, shapes }
}

pub(super) const TOKENS: &[Token] = &[
    token("secret.1password-secret-key", &["A3-"], "@[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}", 3.4),
    token("secret.1password-service-account", &["ops_eyJ"], "@[A-Za-z0-9+/]{200,}={0,3}", 4.0),
    token("secret.adobe-client-secret", &["p8e-"], "@[A-Za-z0-9]{32}", 2.0),
    token("secret.age-key", &["AGE-SECRET-KEY-1"], "@[A-Z0-9]{58}", 0.0),
    token("secret.airtable-token", &["pat"], "@[A-Za-z0-9]{14}\\.[a-f0-9]{64}", 3.0),
    token("secret.alibaba-access-key", &["LTAI"], "@[A-Za-z0-9]{20}", 2.0),
    token("secret.anthropic-key", &["sk-ant-api03-", "sk-ant-admin01-", "sk-ant-oat01-"], "@[\\w-]{93}AA", 3.0),
    token("secret.artifactory-token", &["AKCp", "cmVmd"], "@[A-Za-z0-9]{59,69}", 3.8),
    token("secret.atlassian-token", &["ATATT3"], "@[\\w=-]{186}", 3.5),
    token("secret.authress-key", &["sc_", "ext_", "scauth_", "authress_"], "@(?i)[a-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.acc[_-][a-z0-9-]{10,32}\\.[a-z0-9+/_=-]{30,120}", 2.0),
    token("secret.aws-access-key", &["AKIA", "ASIA", "ABIA", "ACCA"], "@[A-Z2-7]{16}", 3.0),
    token("secret.aws-access-key", &["A3T"], "@[A-Z0-9][A-Z2-7]{16}", 3.0),
    token("secret.aws-bedrock-key", &["ABSK"], "@[A-Za-z0-9+/]{109,269}={0,2}", 3.0),
    token("secret.aws-bedrock-key", &["bedrock-api-key-"], "@YmVkcm9jay5hbWF6b25hd3MuY29t", 3.0),
    within("secret.azure-client-secret", 4, &["Q~"], "[\\w~.]{3}[0-9]@[\\w~.-]{31,34}", 3.0),
    token("secret.clickhouse-key", &["4b1d"], "@[A-Za-z0-9]{38}", 3.0),
    token("secret.clojars-token", &["CLOJARS_"], "@[A-Za-z0-9]{60}", 2.0),
    token("secret.cloudflare-origin-key", &["v1.0-"], "@[a-f0-9]{24}-[a-f0-9]{146}", 2.0),
    token("secret.databricks-token", &["dapi"], "@[a-f0-9]{32}(?:-[0-9])?", 3.0),
    token("secret.defined-networking-token", &["dnkey-"], "@[\\w=-]{26}-[\\w=-]{52}", 2.0),
    token("secret.digitalocean-token", &["dop_v1_", "doo_v1_", "dor_v1_"], "@[a-f0-9]{64}", 3.0),
    token("secret.doppler-token", &["dp.pt."], "@[A-Za-z0-9]{43}", 2.0),
    token("secret.duffel-token", &["duffel_test_", "duffel_live_"], "@[\\w=-]{43}", 2.0),
    token("secret.dynatrace-token", &["dt0c01."], "@[A-Za-z0-9]{24}\\.[A-Za-z0-9]{64}", 3.5),
    token("secret.easypost-key", &["EZAK", "EZTK"], "@[A-Za-z0-9]{54}", 2.0),
    token("secret.facebook-page-token", &["EAAM", "EAAC"], "@[A-Za-z0-9]{100,}", 4.0),
    token("secret.flutterwave-key", &["FLWSECK_TEST-", "FLWPUBK_TEST-"], "@(?:(?i)[a-h0-9]{32}-X|(?i)[a-h0-9]{12})", 2.0),
    token("secret.flyio-token", &["fo1_"], "@[\\w-]{43}", 4.0),
    token("secret.flyio-token", &["fm1a_", "fm1r_", "fm2_"], "@[A-Za-z0-9+/]{100,}={0,3}", 4.0),
    token("secret.frameio-token", &["fio-u-"], "@[\\w=-]{64}", 3.0),
    token("secret.google-api-key", &["AIza"], "@[\\w-]{35}", 4.0),
    token("secret.github-token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], "@[0-9A-Za-z]{36}", 3.0),
    token("secret.github-fine-grained-token", &["github_pat_"], "@\\w{82}", 3.0),
    token("secret.gitlab-token", &["glpat-", "glrt-", "glrt-t1_"], "@[\\w-]{27,300}\\.[0-9a-z]{9}", 4.0),
    token("secret.gitlab-token", &["glpat-", "gldt-", "glffct-", "glft-", "glrt-", "glsoat-"], "@[\\w-]{20}", 3.0),
    token("secret.gitlab-token", &["glimt-"], "@[\\w-]{25}", 3.0),
    token("secret.gitlab-token", &["glagent-"], "@[\\w-]{50}", 3.0),
    token("secret.gitlab-token", &["gloas-"], "@[\\w-]{64}", 3.0),
    token("secret.gitlab-token", &["glptt-"], "@[0-9a-f]{40}", 3.0),
    token("secret.gitlab-token", &["glcbt-"], "@[0-9A-Za-z]{1,5}_[\\w-]{20}", 3.0),
    token("secret.gitlab-token", &["GR1348941"], "@[\\w-]{20}", 3.0),
    token("secret.gitlab-session", &["_gitlab_session="], "@[0-9a-z]{32}", 3.0),
    token("secret.gocardless-token", &["live_"], "@[\\w=-]{40}", 3.0),
    token("secret.grafana-key", &["eyJrIjoi"], "@[A-Za-z0-9]{70,400}={0,3}", 3.0),
    token("secret.grafana-cloud-token", &["glc_"], "@[A-Za-z0-9+/]{32,400}={0,3}", 3.0),
    token("secret.grafana-service-token", &["glsa_"], "@[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}", 3.0),
    token("secret.harness-key", &["pat.", "sat."], "@[\\w-]{22}\\.[A-Za-z0-9]{24}\\.[A-Za-z0-9]{20}", 3.0),
    within("secret.terraform-token", 15, &["atlasv1."], "[A-Za-z0-9]{14}\\.@[\\w=-]{60,70}", 3.5),
    token("secret.heroku-key", &["HRKU-AA"], "@[\\w-]{58}", 4.0),
    token("secret.huggingface-token", &["hf_", "api_org_"], "@[A-Za-z0-9]{34}", 2.0),
    token("secret.infracost-token", &["ico-"], "@[A-Za-z0-9]{32}", 3.0),
    token("secret.intra42-secret", &["s-s4t2ud-", "s-s4t2af-"], "@[a-f0-9]{64}", 3.0),
    token("secret.linear-key", &["lin_api_"], "@[A-Za-z0-9]{40}", 2.0),
    token("secret.lob-key", &["live_", "test_"], "@(?:[a-f0-9]{35}|pub_[a-f0-9]{31})", 3.0),
    token("secret.mailgun-key", &["key-", "pubkey-"], "@[a-f0-9]{32}", 3.0),
    within("secret.mailchimp-key", 32, &["-us"], "[a-f0-9]{32}@[0-9]{1,2}", 3.0),
    token("secret.mapbox-token", &["pk.", "sk."], "@[A-Za-z0-9]{60}\\.[A-Za-z0-9]{22}", 3.0),
    within("secret.maxmind-key", 36, &["_mmk"], "[A-Za-z0-9]{6}_[A-Za-z0-9]{29}@", 3.5),
    token("secret.newrelic-key", &["NRJS-"], "@[a-f0-9]{19}", 2.5),
    token("secret.newrelic-key", &["NRII-", "NRAK-"], "@[A-Za-z0-9-]{27,32}", 2.5),
    token("secret.notion-token", &["ntn_"], "@[0-9]{11}[A-Za-z0-9]{35}", 3.5),
    token("secret.npm-token", &["npm_"], "@[A-Za-z0-9]{36}", 2.0),
    token("secret.octopus-key", &["API-"], "@[A-Z0-9]{26}", 3.0),
    token("secret.openai-key", &["sk-proj-", "sk-svcacct-", "sk-admin-"], "@[\\w-]{58,74}T3BlbkFJ[\\w-]{58,74}", 3.0),
    token("secret.openai-key", &["sk-"], "@[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}", 3.0),
    token("secret.openrouter-key", &["sk-or-v1-"], "@[a-f0-9]{64}", 3.0),
    token("secret.groq-key", &["gsk_"], "@[A-Za-z0-9]{52}", 3.5),
    token("secret.xai-key", &["xai-"], "@[A-Za-z0-9]{80}", 3.5),
    token("secret.replicate-token", &["r8_"], "@[A-Za-z0-9]{37}", 3.5),
    token("secret.openshift-token", &["sha256~"], "@[\\w-]{43}", 3.5),
    token("secret.perplexity-key", &["pplx-"], "@[A-Za-z0-9]{48}", 3.5),
    token("secret.plaid-token", &["access-sandbox-", "access-development-", "access-production-"], "@[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", 2.5),
    token("secret.planetscale-token", &["pscale_tkn_", "pscale_oauth_", "pscale_pw_"], "@[\\w=.-]{32,64}", 3.0),
    token("secret.postman-key", &["PMAK-"], "@[A-Fa-f0-9]{24}-[A-Fa-f0-9]{34}", 3.0),
    token("secret.prefect-key", &["pnu_"], "@[A-Za-z0-9]{36}", 2.0),
    token("secret.pulumi-token", &["pul-"], "@[a-f0-9]{40}", 2.0),
    token("secret.pypi-token", &["pypi-AgEIcHlwaS5vcmc"], "@[\\w-]{50,1000}", 3.0),
    token("secret.readme-key", &["rdme_"], "@[a-z0-9]{70}", 2.0),
    token("secret.rubygems-key", &["rubygems_"], "@[a-f0-9]{48}", 2.0),
    token("secret.scalingo-token", &["tk-us-"], "@[\\w-]{48}", 2.0),
    token("secret.sendgrid-key", &["SG."], "@[\\w=.-]{66}", 2.0),
    token("secret.sendinblue-key", &["xkeysib-"], "@[a-f0-9]{64}-[A-Za-z0-9]{16}", 2.0),
    token("secret.sentry-token", &["sntryu_"], "@[a-f0-9]{64}", 3.0),
    token("secret.sentry-token", &["sntrys_eyJpYXQiO"], "@[A-Za-z0-9+/=]{20,400}_[A-Za-z0-9+/]{43}", 4.0),
    token("secret.settlemint-token", &["sm_aat_", "sm_pat_", "sm_sat_"], "@[A-Za-z0-9]{16}", 3.0),
    token("secret.shippo-token", &["shippo_live_", "shippo_test_"], "@[A-Fa-f0-9]{40}", 2.0),
    token("secret.shopify-token", &["shpat_", "shpca_", "shppa_", "shpss_"], "@[A-Fa-f0-9]{32}", 2.0),
    token("secret.slack-token", &["xapp-"], "@[0-9]-[A-Z0-9]+-[0-9]+-[a-z0-9]{16,}", 2.0),
    token("secret.slack-token", &["xoxb-"], "@[0-9]{8,14}-(?:[0-9]{10,13}[A-Za-z0-9-]*|[A-Za-z0-9]{18,26})", 2.6),
    token("secret.slack-token", &["xoxp-", "xoxe-"], "@[0-9]{10,13}(?:-[0-9]{10,13}){2}-[A-Za-z0-9-]{28,34}", 2.6),
    token("secret.slack-token", &["xoxe-", "xoxe.xoxb-", "xoxe.xoxp-"], "@[0-9]-[A-Za-z0-9]{146,166}", 2.6),
    token("secret.slack-token", &["xoxo-", "xoxs-"], "@[0-9]+-[0-9]+-[0-9]+-[A-Fa-f0-9]+", 2.6),
    token("secret.slack-token", &["xoxa-", "xoxr-"], "@(?:[0-9]-)?[0-9A-Za-z]{8,48}(?:-[0-9A-Za-z]{6,48}){0,4}", 2.6),
    token("secret.slack-webhook", &["hooks.slack.com/"], "@(?:services|workflows|triggers)/[A-Za-z0-9+/]{43,80}", 3.0),
    token("secret.square-token", &["sq0atp-", "sq0csp-", "EAAA"], "@[\\w^\\\\\\]-]{22,60}", 2.0),
    token("secret.sourcegraph-token", &["sgp_"], "@(?:(?:[A-Fa-f0-9]{16}|local)_)?[A-Fa-f0-9]{40}", 3.0),
    token("secret.stripe-key", &["sk_test_", "sk_live_", "sk_prod_", "rk_test_", "rk_live_", "rk_prod_"], "@[A-Za-z0-9]{10,99}", 2.0),
    token("secret.stripe-webhook-secret", &["whsec_"], "@[A-Za-z0-9+/]{24,64}={0,2}", 3.0),
    token("secret.teams-webhook", &[".webhook.office.com/webhookb2/"], "@[a-z0-9-]{36}@[a-z0-9-]{36}/IncomingWebhook/[a-z0-9]{32}/[a-z0-9-]{36}", 3.0),
    token("secret.twilio-key", &["SK"], "@[0-9a-fA-F]{32}", 3.0),
    token("secret.typeform-token", &["tfp_"], "@[\\w=.-]{40,59}", 3.0),
    token("secret.vault-token", &["hvb."], "@[\\w-]{138,300}", 3.8),
    token("secret.vault-token", &["hvs."], "@[\\w-]{90,120}", 3.5),
    token("secret.vault-token", &["s."], "@[A-Za-z0-9]{24}", 3.5),
    token("secret.yandex-token", &["t1."], "@[\\w-]+={0,2}\\.[\\w-]{86}={0,2}", 3.0),
    token("secret.yandex-key", &["AQVN"], "@[\\w-]{35,38}", 3.0),
    token("secret.jwt", &["ey"], "@[A-Za-z0-9_-]{15,}\\.ey[A-Za-z0-9/\\\\_-]{15,}\\.(?:[A-Za-z0-9/_-]{10,}={0,2})?", 3.0),
    token("secret.jwt", &["ZXlK"], "@[A-Za-z0-9+/\\r\\n_-]{60,}={0,2}", 3.5),
    token("secret.docker-token", &["dckr_pat_"], "@[\\w-]{27}", 3.0),
    token("secret.google-oauth-token", &["ya29."], "@[\\w-]{30,}", 3.0),
    token("secret.google-oauth-secret", &["GOCSPX-"], "@[\\w-]{28}", 3.0),
    token("secret.supabase-token", &["sbp_"], "@[a-f0-9]{40}", 3.0),
    token("secret.figma-token", &["figd_"], "@[\\w-]{40}", 3.0),
    token("secret.langsmith-key", &["lsv2_pt_", "lsv2_sk_"], "@[a-f0-9]{32}_[a-f0-9]{10}", 3.0),
];

use Shape::{Base64, Digits, Hex, Like, Plain, Uuid, Wide};

pub(super) const KEYED: &[Keyed] = &[
    keyed("secret.adafruit-key", &["adafruit"], &[Wide(32, 32)]),
    keyed("secret.adobe-client-id", &["adobe"], &[Hex(32)]),
    keyed("secret.airtable-key", &["airtable"], &[Plain(17)]),
    keyed("secret.algolia-key", &["algolia"], &[Plain(32)]),
    keyed("secret.alibaba-secret", &["alibaba"], &[Plain(30)]),
    keyed("secret.asana-credential", &["asana"], &[Digits(16), Plain(32)]),
    keyed("secret.atlassian-token", &["atlassian", "confluence", "jira"], &[Plain(24)]),
    keyed("secret.aws-secret-key", &["aws_secret", "secretaccesskey", "secret_access_key"], &[Base64(40, 40)]),
    keyed("secret.beamer-token", &["beamer"], &[Like("b_[\\w=-]{44}")]),
    keyed("secret.bitbucket-credential", &["bitbucket"], &[Plain(32), Wide(64, 64)]),
    keyed("secret.bittrex-key", &["bittrex"], &[Plain(32)]),
    keyed("secret.meraki-key", &["meraki"], &[Hex(40)]),
    keyed("secret.cloudflare-key", &["cloudflare"], &[Wide(40, 40), Hex(37)]),
    keyed("secret.codecov-token", &["codecov"], &[Plain(32)]),
    keyed("secret.cohere-token", &["cohere", "co_api_key"], &[Plain(40)]),
    keyed("secret.coinbase-token", &["coinbase"], &[Wide(64, 64)]),
    keyed("secret.confluent-credential", &["confluent"], &[Plain(16), Plain(64)]),
    keyed("secret.contentful-token", &["contentful"], &[Wide(43, 43)]),
    keyed("secret.datadog-token", &["datadog"], &[Plain(40)]),
    keyed("secret.defined-networking-token", &["dnkey"], &[Like("dnkey-[\\w=-]{26}-[\\w=-]{52}")]),
    keyed("secret.discord-credential", &["discord"], &[Hex(64), Digits(18), Wide(32, 32)]),
    keyed("secret.droneci-token", &["droneci"], &[Plain(32)]),
    keyed("secret.dropbox-token", &["dropbox"], &[Plain(15), Wide(64, 64), Like("sl\\.[\\w=-]{135}")]),
    keyed("secret.etsy-token", &["etsy"], &[Plain(24)]),
    keyed("secret.facebook-secret", &["facebook"], &[Hex(32), Like("[0-9]{15,16}[|%][\\w-]{27,40}")]),
    keyed("secret.fastly-token", &["fastly"], &[Wide(32, 32)]),
    keyed("secret.finicity-credential", &["finicity"], &[Hex(32), Plain(20)]),
    keyed("secret.finnhub-token", &["finnhub"], &[Plain(20)]),
    keyed("secret.flickr-token", &["flickr"], &[Plain(32)]),
    keyed("secret.freemius-key", &["secret_key"], &[Like("sk_\\S{29}")]),
    keyed("secret.freshbooks-token", &["freshbooks"], &[Plain(64)]),
    keyed("secret.gitter-token", &["gitter"], &[Wide(40, 40)]),
    keyed("secret.gocardless-token", &["gocardless"], &[Like("live_[\\w=-]{40}")]),
    keyed("secret.heroku-key", &["heroku"], &[Uuid]),
    keyed("secret.hubspot-key", &["hubspot"], &[Uuid]),
    keyed("secret.intercom-key", &["intercom"], &[Wide(60, 60)]),
    keyed("secret.jfrog-token", &["jfrog", "artifactory", "bintray", "xray"], &[Plain(73), Plain(64)]),
    keyed("secret.kraken-token", &["kraken"], &[Base64(80, 90)]),
    keyed("secret.kucoin-credential", &["kucoin"], &[Hex(24), Uuid]),
    keyed("secret.launchdarkly-token", &["launchdarkly"], &[Wide(40, 40)]),
    keyed("secret.linear-secret", &["linear"], &[Hex(32)]),
    keyed("secret.linkedin-credential", &["linkedin", "linked_in", "linked-in"], &[Plain(14), Plain(16)]),
    keyed("secret.lob-key", &["lob"], &[Like("(?:live|test)_(?:[a-f0-9]{35}|pub_[a-f0-9]{31})")]),
    keyed("secret.looker-credential", &["looker"], &[Plain(20), Plain(24)]),
    keyed("secret.mailchimp-key", &["mailchimp"], &[Like("[a-f0-9]{32}-us[0-9]{1,2}")]),
    keyed("secret.mailgun-key", &["mailgun"], &[Like("(?:pub)?key-[a-f0-9]{32}"), Like("[a-h0-9]{32}-[a-h0-9]{8}-[a-h0-9]{8}")]),
    keyed("secret.mapbox-token", &["mapbox"], &[Like("pk\\.[A-Za-z0-9]{60}\\.[A-Za-z0-9]{22}")]),
    keyed("secret.mattermost-token", &["mattermost"], &[Plain(26)]),
    keyed("secret.messagebird-credential", &["messagebird", "message-bird", "message_bird"], &[Plain(25), Uuid]),
    keyed("secret.netlify-token", &["netlify"], &[Wide(40, 46)]),
    keyed("secret.newrelic-key", &["new-relic", "newrelic", "new_relic"], &[Plain(64), Like("NR(?:JS|II|AK)-[A-Za-z0-9-]{19,32}")]),
    keyed("secret.nytimes-token", &["nytimes", "newyorktimes", "new-york-times"], &[Wide(32, 32)]),
    keyed("secret.okta-token", &["okta"], &[Like("00[\\w=-]{40}")]),
    keyed("secret.plaid-credential", &["plaid"], &[Plain(24), Plain(30)]),
    keyed("secret.privateai-token", &["privateai", "private_ai", "private-ai"], &[Plain(32)]),
    keyed("secret.rapidapi-token", &["rapidapi"], &[Wide(50, 50)]),
    keyed("secret.sendbird-credential", &["sendbird"], &[Uuid, Hex(40)]),
    keyed("secret.sentry-token", &["sentry"], &[Hex(64)]),
    keyed("secret.sidekiq-secret", &["contribsys__com"], &[Like("[a-f0-9]{8}:[a-f0-9]{8}")]),
    keyed("secret.snyk-token", &["snyk"], &[Uuid]),
    keyed("secret.sonar-token", &["sonar"], &[Like("(?:sq[upa]_)?[\\w=-]{40}")]),
    keyed("secret.sourcegraph-token", &["sourcegraph"], &[Hex(40)]),
    keyed("secret.square-token", &["square"], &[Like("sq0csp-[\\w\\\\-]{43}")]),
    keyed("secret.squarespace-token", &["squarespace"], &[Uuid]),
    keyed("secret.sumologic-credential", &["sumo"], &[Like("su[A-Za-z0-9]{12}"), Plain(64)]),
    keyed("secret.telegram-bot-token", &["telegr"], &[Like("[0-9]{5,16}:A[\\w-]{34}")]),
    keyed("secret.travisci-token", &["travis"], &[Plain(22)]),
    keyed("secret.trello-token", &["trello"], &[Wide(32, 32)]),
    keyed("secret.twitch-token", &["twitch"], &[Plain(30)]),
    keyed(
        "secret.twitter-credential",
        &["twitter"],
        &[Plain(25), Plain(45), Plain(50), Like("[0-9]{15,25}-[A-Za-z0-9]{20,40}"), Like("A{22}[A-Za-z0-9%]{80,100}")],
    ),
    keyed("secret.yandex-token", &["yandex"], &[Like("YC[\\w-]{38}"), Like("AQVN[\\w-]{35,38}")]),
    keyed("secret.zendesk-key", &["zendesk"], &[Plain(40)]),
];

/// A credential that is told by what stands around it.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) kind: &'static str,
    pub(super) literals: &'static [&'static str],
    /// How many bytes before and after the literal are looked at.
    pub(super) before: usize,
    pub(super) after: usize,
    /// The group `s` is the credential.
    pub(super) pattern: &'static str,
    pub(super) entropy: f32,
}

const fn placed(
    kind: &'static str,
    literals: &'static [&'static str],
    window: (usize, usize),
    pattern: &'static str,
    entropy: f32,
) -> Placed {
    Placed { kind, literals, before: window.0, after: window.1, pattern, entropy }
}

pub(super) const PLACED: &[Placed] = &[
    placed("secret.private-key", &["-----BEGIN"], (0, 20_000), "^(?<s>-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----(?:[^{}<>]{64,}?KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\\s\\\\\"',:.-]{64,}$))", 0.0),
    placed(
        "secret.authorization",
        &["authorization"],
        (0, 400),
        "(?i)^authorization[\"']?[ \t]{0,5}[:=][ \t]{0,5}[\"']?(?:(?:basic|bearer|(?:api-)?token)[ \t]+)?(?<s>[\\w=~@.+/-]{8,})",
        2.75,
    ),
    placed("secret.password", &["curl"], (0, 600), "(?s)^curl\\b.*?\\s(?:-u|--user)[= \t]{0,5}(?<s>\"[^\":\\s]{0,64}:[^\"\\s]{0,64}\"|'[^':\\s]{0,64}:[^'\\s]{0,64}'|[\\w$@.\"'-]+:[\\w${}@.\"'-]{3,64})", 2.0),
    placed("secret.facebook-token", &["facebook"], (0, 120), "\\b(?<s>[0-9]{15,16}[|%][\\w-]{27,40})\\b", 3.0),
    placed("secret.url-password", &["://"], (0, 300), "^://[^\\s:@/\"'<>]{1,64}:(?<s>[^\\s@/\"'<>]{3,128})@[\\w.-]+", 2.0),
    placed(
        "secret.kubernetes-secret",
        &["kind: secret", "kind: \"secret", "kind: 'secret"],
        (400, 500),
        "(?is)\\bdata:(?:[^-]|-[^-]){0,100}?\\s+[\\w.-]+:(?:[ \t]*(?:\\||>[-+]?)\\s+)?[ \t]*[\"']?(?<s>[a-z0-9+/]{10,}={0,3})",
        2.0,
    ),
    placed("secret.password", &["<add key="], (0, 300), "(?i)^<add key=\"(?:cleartext)?password\"\\s*value=\"(?<s>[^\"]{8,128})\"", 1.0),
];

/// Words of names that say that the value is secret.
pub(super) const SECRET_WORDS: &[&str] = &[
    "key", "token", "secret", "passw", "pwd", "passphrase", "credential", "creds", "auth", "api", "access",
];

/// Words of names whose value is none, although another word says so: what is public, and what is about a secret.
pub(super) const HARMLESS_WORDS: &[&str] = &[
    "id", "ids", "name", "names", "public", "pub", "primary", "foreign", "natural", "schema", "sequence", "bucket", "hot", "idx",
    "index", "alias", "board", "code", "frame", "length", "len", "mesh", "meshing", "pair", "press", "pressed", "down", "up", "left",
    "right", "event", "ring", "selector", "signature", "signatures", "size", "stone", "storetype", "word", "words", "url", "uri",
    "endpoint", "file", "path", "dir", "version", "csrf", "xsrf", "vault", "chars", "type", "types", "source", "author", "accessor",
    "accessibility", "iterator", "random", "count", "max", "min", "limit", "hash", "map", "column", "field", "format", "regex",
    "pattern", "header", "prefix", "suffix", "label", "title", "description", "kms", "issuer", "keyboard", "keyword", "keystore",
    "results", "websocket", "level", "scope", "mode", "class", "kind", "policy", "expires", "expiry", "ttl", "timeout", "page", "next", "cursor",
];
