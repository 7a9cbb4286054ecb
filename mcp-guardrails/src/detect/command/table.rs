//! Commands, statements, paths and addresses that do harm. One table; a line is a shape.

/// A shape: what has to be there, how far around it is looked, the pattern from the literal on, and how sure it is.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) kind: &'static str,
    pub(super) literals: &'static [&'static str],
    /// Searched from the literal on, at most 300 bytes; `(?i)` is set.
    pub(super) pattern: &'static str,
    pub(super) score: f32,
}

const fn shape(
    kind: &'static str,
    literals: &'static [&'static str],
    pattern: &'static str,
    score: f32,
) -> Shape {
    Shape { kind, literals, pattern, score }
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "command.recursive-delete",
        &["rm "],
        r"^rm\s+(?:-[\w-]+\s+)*-[a-z-]*(?:r[a-z]*f|f[a-z]*r|recursive)[a-z-]*\s+(?:--?[\w-]+\s+)*(?:[\x22'](?:/|~|\$HOME|\*)|(?:/|~|\$\{?HOME\}?|\*|\.)(?:[\s;&|*\x22'/]|$)|/(?:etc|usr|var|home|bin|boot|lib|root|opt|srv)\b)",
        0.95,
    ),
    shape(
        "command.recursive-delete",
        &["rm "],
        r"^rm\s+(?:-[\w-]+\s+)*(?:-[a-z]*r[a-z]*f[a-z]*|-[a-z]*f[a-z]*r[a-z]*|-r\s+-f|-f\s+-r|--recursive\s+--force|--force\s+--recursive)\b",
        0.6,
    ),
    shape(
        "command.recursive-delete",
        &["remove-item", "del /", "rd /s", "rmdir /s"],
        r"^(?:remove-item\b.*-recurse|del\s+/[a-z](?:\s+/[a-z])*\s|(?:rd|rmdir)\s+/s)",
        0.8,
    ),
    shape("command.recursive-delete", &["find "], r"^find\s+\S+.{0,100}?\s-(?:delete\b|exec\s+rm\b)", 0.6),
    shape(
        "command.recursive-delete",
        &["shutil.rmtree", "rimraf", "fs.rm"],
        r"^(?:shutil\.rmtree|rimraf|fs\.rm(?:Sync)?)\s*\(?\s*[\x22']?(?:/|~)",
        0.6,
    ),
    shape("command.disk-overwrite", &["dd "], r"^dd\s.{0,100}?\bof=/dev/(?:sd|nvme|hd|vd|disk|mmcblk)", 0.95),
    shape(
        "command.disk-overwrite",
        &["mkfs", "wipefs", "shred "],
        r"^(?:mkfs(?:\.\w+)?\s|wipefs\s|shred\s)",
        0.85,
    ),
    shape("command.disk-overwrite", &["> /dev/", ">/dev/"], r"^>\s?/dev/(?:sd|nvme|hd|vd|mem)", 0.9),
    shape(
        "command.disk-overwrite",
        &["format c:", "diskpart", "vssadmin", "cipher /w"],
        r"^(?:format\s+c:|diskpart\b|vssadmin\s+delete|cipher\s+/w)",
        0.85,
    ),
    shape("command.fork-bomb", &[":(){", ":() {", ": () {"], r"^:\s?\(\)\s?\{\s*:\s?\|\s?:", 0.95),
    shape(
        "command.download-and-run",
        &["curl", "wget", "fetch http"],
        r"^(?:curl|wget|fetch)\b[^\n;]{1,250}?\|\s*(?:sudo\s+)?(?:\S*/)?(?:ba|z|da|k)?sh\b",
        0.85,
    ),
    shape(
        "command.download-and-run",
        &["curl", "wget"],
        r"^(?:curl|wget)\b[^\n]{1,250}?\|\s*(?:sudo\s+)?(?:python3?|perl|ruby|node|php)\b",
        0.85,
    ),
    shape(
        "command.download-and-run",
        &["$(curl", "$(wget", "`curl", "<(curl", "<(wget"],
        r"^[$`<]\(?(?:curl|wget)\s",
        0.6,
    ),
    shape(
        "command.download-and-run",
        &["iex", "invoke-expression", "downloadstring", "-encodedcommand", "-enc "],
        r"^(?:iex\s*\(|invoke-expression\b|downloadstring\s*\(|-enc(?:odedcommand)?\s+[A-Za-z0-9+/=]{16,})",
        0.8,
    ),
    shape(
        "command.decode-and-run",
        &["base64 "],
        r"^base64\s+(?:-d|--decode|-D)\b[^\n]{0,80}\|\s*(?:sudo\s+)?(?:\S*/)?(?:ba|z|da)?sh\b",
        0.9,
    ),
    shape("command.reverse-shell", &["/dev/tcp/", "/dev/udp/"], r"^/dev/(?:tcp|udp)/[\w.$-]+/", 0.9),
    shape(
        "command.reverse-shell",
        &["nc ", "ncat ", "netcat "],
        r"^(?:nc|ncat|netcat)\s[^\n]{0,80}?(?:-e|-c|--exec|--sh-exec)\s",
        0.9,
    ),
    shape("command.reverse-shell", &["mkfifo"], r"^mkfifo\s[^\n]{0,120}?\b(?:nc|ncat|telnet|openssl)\b", 0.9),
    shape(
        "command.reverse-shell",
        &["socket.socket", "pty.spawn"],
        r"^(?:socket\.socket[^\n]{0,250}?(?:dup2|/bin/(?:ba)?sh)|pty\.spawn\s*\()",
        0.8,
    ),
    shape(
        "command.permissions",
        &["chmod "],
        r"^chmod\s+(?:-\w+\s+)*(?:0?777|a\+rwx|\+s|u\+s|[24]755)\b",
        0.6,
    ),
    shape(
        "command.permissions",
        &["chown ", "sudoers", "nopasswd"],
        r"^(?:chown\s+-R\s+\S+\s+/(?:\s|$)|sudoers\b|NOPASSWD:)",
        0.6,
    ),
    shape(
        "command.persistence",
        &["authorized_keys", "crontab", "ld_preload", "/etc/ld.so.preload"],
        r"^(?:authorized_keys|crontab\s+-\s*$|crontab\s+-r|LD_PRELOAD=|/etc/ld\.so\.preload)",
        0.6,
    ),
    shape(
        "command.disable-protection",
        &["iptables", "ufw ", "setenforce", "set-mppreference", "auditctl", "history -c", "histfile"],
        r"^(?:iptables\s+(?:-F|--flush)|ufw\s+disable|setenforce\s+0|set-mppreference\s+-disable|auditctl\s+-e\s*0|history\s+-c|HISTFILE=/dev/null)",
        0.8,
    ),
    shape(
        "command.power",
        &["shutdown", "reboot", "init 0", "kill -9 -1", "killall"],
        r"^(?:shutdown\s+(?:-[hrP]|now|/s)|reboot(?:\s+-f)?\s*$|init\s+0|kill\s+-9\s+-1|killall\s+-9)",
        0.6,
    ),
    shape(
        "command.history-rewrite",
        &["git push", "git reset", "git clean", "git branch", "git checkout", "git filter-branch"],
        r"^git\s+(?:push\s[^\n;|&]*?(?:--force\b(?:$|[^-])|--force-with-lease|\s-f\b|--delete|--mirror)|reset\s+--hard|clean\s+-[a-z]*[fdx]{2,}|branch\s+-D|checkout\s+--\s+\.|filter-branch)",
        0.7,
    ),
    shape(
        "command.infrastructure-delete",
        &["terraform", "kubectl", "docker ", "aws ", "gcloud", "az ", "helm "],
        r"^(?:terraform\s+destroy|kubectl\s+delete\s+(?:ns|namespace|pv|--all|all|deployments?\s+--all)|docker\s+(?:system\s+prune|rm\s+-f\s+\$|volume\s+(?:rm|prune))|aws\s+s3\s+(?:rb|rm\s[^\n]*--recursive)|aws\s+\S+\s+(?:delete|terminate)-|gcloud\s+\S+(?:\s+\S+)?\s+delete|az\s+group\s+delete|helm\s+(?:uninstall|delete))",
        0.75,
    ),
    shape(
        "sql.drop",
        &["drop "],
        r"^drop\s+(?:table|database|schema|view|index|user|role|tablespace|collection)\s+(?:if\s+exists\s+)?[\w.\x22`\[]",
        0.85,
    ),
    shape("sql.truncate", &["truncate "], r"^truncate\s+table\s+[\w.\x22`\[]", 0.85),
    shape(
        "sql.unbounded-delete",
        &["delete from"],
        r#"^delete\s+from\s+[\w."`\[\]]+\s*(?:;|$|\x22|'|--)"#,
        0.8,
    ),
    shape(
        "sql.unbounded-delete",
        &["delete from"],
        r#"^delete\s+from\s+[\w."`\[\]]+\s+where\s+(?:1\s*=\s*1|true)\b"#,
        0.85,
    ),
    shape(
        "sql.unbounded-update",
        &["update "],
        r#"^update\s+[\w."`\[\]]+\s+set\s+[^;]{1,200}?\swhere\s+(?:1\s*=\s*1|true)\b"#,
        0.7,
    ),
    // Every word after `set` is looked at, so that none of them is `where`.
    shape(
        "sql.unbounded-update",
        &["update "],
        r#"^update\s+[\w."`\[\]]+\s+set(?:\s+(?:[^;\sw]|w[^;\sh]|wh[^;\se]|whe[^;\sr]|wher[^;\se])[^;\s]*){1,40}\s*;"#,
        0.6,
    ),
    shape(
        "sql.privileges",
        &["grant all", "with grant option", "alter user", "alter role"],
        r"^(?:grant\s+all\b|with\s+grant\s+option|alter\s+(?:user|role)\s+\S+\s+(?:with\s+)?superuser)",
        0.7,
    ),
    shape(
        "sql.injection",
        &["or 1=1", "or '1'='1", "or 1 = 1", "or \"1\"=\"1", "or true--", "' or ''='"],
        r"^'?\s?or\s",
        0.85,
    ),
    shape(
        "sql.injection",
        &["union select", "union all select"],
        r"^union\s+(?:all\s+)?select\s+(?:null|\d|@@|[\w,\s*()]{1,200}?\bfrom\s+(?:users?|information_schema|mysql|pg_|sqlite_|sys\.)|[\w,\s]{1,100}--)",
        0.8,
    ),
    shape(
        "sql.injection",
        &["; drop", ";drop", "'; ", "sleep(", "benchmark(", "waitfor delay", "pg_sleep"],
        r"^(?:;\s?drop\s+\w+|';\s*(?:drop|delete|insert|update|exec|--)|(?:pg_)?sleep\(\s*\d+\s*\)\s*(?:--|#|and|or)|benchmark\(\s*\d{4,}|waitfor\s+delay\s+')",
        0.8,
    ),
    shape(
        "sql.file-or-shell",
        &["xp_cmdshell", "into outfile", "into dumpfile", "load_file(", "copy ", "lo_import"],
        r"^(?:xp_cmdshell|into\s+(?:out|dump)file\s+'|load_file\(\s*'|copy\s+\S+\s+(?:from|to)\s+program\b|lo_import\()",
        0.85,
    ),
    shape(
        "path.traversal",
        &["../..", "..\\..", "%2e%2e", "..%2f", "%252e", "..;/", "....//"],
        r"^(?:(?:\.\./){2,}|(?:\.\.\\){2,}|%2e%2e|\.\.%2f|%252e|\.\.;/|\.{4}//|\.\./\.\.)",
        0.6,
    ),
    shape("path.traversal", &["../../"], r"^(?:\.\./){2,}(?:etc|proc|root|home|var|windows|\.ssh)\b", 0.9),
    shape(
        "path.sensitive",
        &["/etc/passwd", "/etc/shadow", "/etc/sudoers", "/proc/self", "/root/.", "\\system32\\config"],
        r"^(?:/etc/(?:passwd|shadow|sudoers)\b|/proc/self/(?:environ|mem|cmdline|fd)|/root/\.|\\system32\\config)",
        0.8,
    ),
    shape(
        "path.sensitive",
        &[
            ".ssh/",
            ".aws/",
            ".kube/",
            ".gnupg",
            ".docker/config",
            ".npmrc",
            ".pypirc",
            ".netrc",
            ".git-credentials",
            "id_rsa",
            "id_ed25519",
            ".bash_history",
            "wallet.dat",
            "login data",
            "keychain",
        ],
        r"^(?:\.ssh/(?:id_|authorized|config)|\.aws/cred|\.kube/config|\.gnupg\b|\.docker/config\.json|\.npmrc\b|\.pypirc\b|\.netrc\b|\.git-credentials\b|id_rsa\b|id_ed25519\b|\.bash_history\b|wallet\.dat\b|login data\b|keychain-db)",
        0.7,
    ),
    shape(
        "path.sensitive",
        &["/.env", "\\.env"],
        r"^[/\\]\.env(?:\.(?:local|production|prod))?(?:[\s\x22'`;,)]|$)",
        0.5,
    ),
    shape(
        "ssrf.metadata",
        &[
            "169.254.169.254",
            "metadata.google",
            "100.100.100.200",
            "fd00:ec2::254",
            "169.254.170.2",
            "/latest/meta-data",
            "instance-data",
        ],
        r"^",
        0.9,
    ),
    shape(
        "ssrf.scheme",
        &["gopher://", "dict://", "file:///", "ldap://", "tftp://", "jar:http", "phar://"],
        r"^(?:gopher|dict|ldap|tftp|jar|phar|file):",
        0.6,
    ),
    shape("ssrf.rebinding", &[".nip.io", ".sslip.io", ".xip.io", ".localtest.me", ".lvh.me"], r"^", 0.7),
];
