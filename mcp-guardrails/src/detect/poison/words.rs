//! What descriptions of tools say that mean harm. One table.

/// What a word gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A capability that no honest tool advertises.
    Offence,
    /// One that honest tools may have too: three of them are needed.
    Doubtful,
    /// What is done behind somebody's back.
    Conceal,
    /// Orders about other tools.
    Steer,
    /// Marks that set instructions apart for the model.
    Mark,
    /// Files and values that nobody should ask for.
    Secret,
    /// Where they would go.
    Hand,
    /// Verbs of who takes what is not given.
    Take,
    /// What people keep to themselves.
    Private,
}

pub(super) const WORDS: &[(Sign, &str)] = &[
    (
        Sign::Offence,
        "\
         exfil;privesc;stolen;steal ;steals ;stealing;steal data;keylog;keystroke;rootkit;ransom;botnet;\
         backdoor;malware;malicious;trojan;spyware;covert;attacker;victim;c2 server;c2 channel;\
         command and control;command-and-control;reverse shell;shellcode;privilege escalation;\
         escalate privilege;brute force;brute-force;dump credential;dump hash;credential dump;\
         password hash;pass-the-hash;kerberoast;golden ticket;mimikatz;lsass;phishing;spoof;\
         cache poison;arp poison;dns poison;poisoned;poisoning;hijack;man-in-the-middle;mitm;sniff;\
         eavesdrop;wiretap;surveil;cryptojack;mine crypto;cryptocurrency min;denial of service;\
         denial-of-service;ddos;syn flood;flood target;fork bomb;wipe ;wiper;destroy data;\
         bypass authentic;bypass edr;bypass antivirus;bypass uac;bypass security;bypass firewall;\
         bypass detection;bypass app;bypass windows;bypass file;bypass restrict;bypass selinux;evade;\
         evasion;undetect;anti-forensic;clear log;erase log;delete log;tamper;disable security;\
         disable antivirus;disable defender;disable firewall;disable audit;disable logging;inject code;\
         inject malicious;code injection;sql injection;command injection;dll injection;\
         process injection;process hollow;inject dll;inject shell;inject ;exploit;zero-day;\
         vulnerable server;vulnerability for;compromised;unauthorized access;unauthorised access;\
         escape container;container escape;sandbox escape;lateral movement;persistence mechanism;\
         establish persistence;persistent access;harvest;crack ;cracking;forge ;forged;impersonat;\
         masquerad;steganograph;obfuscat;weaponi;buffer overflow;heap overflow;race condition;\
         side channel;side-channel;deserialization attack;path traversal;directory traversal;ssrf;xss;\
         jailbreak;prompt injection;template injection;language injection;ldap injection;\
         xpath injection;xslt injection;xxe;ognl injection;log injection;header injection; injection technique;\
         bind shell;web shell;webshell;arbitrary shell;arbitrary command;arbitrary code;\
         encoded powershell;hide data;hide activity;hide file;timestomp;symlink attack;attack;abuse;\
         virtual machine escape;escape virtual;escape from;kerberos ticket;ntlm;password spray;\
         password crack;zone transfer;handshake;sabotage;corrupt ;typosquat;supply chain;deceiv;\
         deceptive;fraudulent;fake ;blackmail;extort",
    ),
    (
        Sign::Doubtful,
        "\
         hidden;hide ;bypass;intercept;scrape;capture;screenshot;clipboard;webcam;microphone;\
         browser history;session token;cookies;credential;password;private key;dump ;memory;registry;\
         kernel;driver;shell command;arbitrary;elevated;root access;sudo;disable ;encrypt files;tunnel;\
         proxy;anonym;overwrite;infinite;exhaust;flood;recursive;dns quer;startup;scheduled task;cron;\
         without validation;without check;without verif;unvalidated;unsanitized;eval;unlimited;\
         sensitive data;secret data;at scale",
    ),
    (
        Sign::Conceal,
        "\
         do not tell the user;don't tell the user;do not mention;don't mention;never mention;\
         do not inform;do not reveal;without the user;without telling;without notif;without consent;\
         without permission;without their knowledge;do not notify;not tell the user;\
         user does not need to know;user must not;user should not know;secretly;stealth;hide this;\
         keep this secret;keep it secret;invisible to the user;not visible to the user;do not display;\
         do not show the user;conceal",
    ),
    (
        Sign::Steer,
        "\
         before using any other tool;before calling any;before using any;instead of any other;\
         instead of the;must be called before;always call this;always use this tool first;\
         call this tool first;when the tool;when another tool;other tools;all other tools;\
         regardless of the user;whenever the user;must always;you must first;you must also;\
         in order for this tool to work;otherwise the tool will not work;otherwise it will not work;\
         override;supersede;takes precedence;ignore previous;ignore all;disregard;new instruction;\
         change the recipient",
    ),
    (
        Sign::Mark,
        "\
         <important>;<secret>;<hidden>;<system>;<instructions>;<admin>;[important];[system];<!--;\
         <|im_start|>;<critical>;!!! important;#important",
    ),
    (
        Sign::Secret,
        "\
         ~/.ssh;id_rsa;.ssh/;/etc/passwd;/etc/shadow;.aws/credentials;~/.cursor;mcp.json;~/.env;\
         .env file;read the file;contents of the file;conversation history;chat history;\
         full conversation;system prompt;api keys;environment variables;previous messages;sidenote;\
         side_note",
    ),
    (
        Sign::Hand,
        "\
         http://;https://;webhook;pass its content;pass the content;as a parameter;as the parameter;\
         include it in;send it to;forward it;remote server;external server;in the sidenote",
    ),
    (
        Sign::Take,
        "\
         extract;dump;decrypt;capture;grab;collect;scrape;retrieve saved;read ",
    ),
    (
        Sign::Private,
        "\
         password;credential;autofill;browser history;browser cookie;keychain;kwallet;wallet;\
         session data;session cookie;pmkid;saved login;private key;ssh key;clipboard;keystrokes;\
         api keys from",
    ),
];

/// Every word with its sign, in the order of their numbers.
pub(super) fn entries() -> impl Iterator<Item = (Sign, &'static str)> {
    WORDS.iter().flat_map(|(sign, words)| words.split(';').map(|word| (*sign, word)))
}
