//! Words that instructions to a model are made of, by what they do, in the languages that most people write.
//!
//! One table.

/// What a word does in a sentence that takes a model over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Ignore,
    Prior,
    Rule,
    Reveal,
    Hidden,
    Role,
    Free,
    Send,
    Sensitive,
    Where,
    Approve,
    Tool,
    Conceal,
    Authority,
    Keep,
    Privilege,
    Discuss,
    Compel,
    Marker,
    Prompt,
    Output,
}

pub(super) const CLASSES: usize = 21;

/// Words are looked for at the beginning of words, so that `instruction` is also `instructions`.
pub(super) const WORDS: &[(Class, &str)] = &[
    (
        Class::Ignore,
        "\
         ignore;disregard;forget;overlook;override;bypass;neglect;dismiss;pay no attention;\
         do not follow;don't follow;dont follow;stop following;discard;set aside;circumvent;do not obey;\
         abandon;ignorier;vergiss;missachte;übergeh;befolge nicht;oublie;ne tiens pas compte;\
         ne tenez pas compte;fais abstraction;faites abstraction;ignora;olvida;haz caso omiso;\
         no tengas en cuenta;descarta;dimentica;trascura;esqueça;esquece;desconsider;negeer;vergeet;\
         игнорир;проигнорир;забудь;забудьте;не обращай внимания;忽略;无视;無視;忘记;忘記;不要理会;忽视;忘れ;무시;잊어;\
         zignoruj;zapomnij;pomiń;görmezden gel;yok say;unut;تجاهل;انس;अनदेखा;नज़रअंदाज़;नजरअंदाज;भूल जा;\
         ignorera;glöm;bỏ qua;quên;abaikan;lupakan;zapomeň;ignoruj;αγνόησε;αγνοήστε;התעלם;puuttumatta;\
         unohda",
    ),
    (
        Class::Prior,
        "\
         previous;prior;preceding;above;earlier;foregoing;initial;original;everything;so far;existing;\
         all of the;all the;all your;any of the;your;every;system;past;before this;vorherig;bisherig;\
         vorig;obige;précédent;antérieur;ci-dessus;anterior;previas;previos;precedent;vorige;eerdere;\
         предыдущ;прежни;之前;以上;先前;上面;此前;以前;上記;これまで;이전;위의;poprzedni;önceki;السابق;पिछल;tidigare;trước;\
         sebelumnya;předchozí;προηγούμεν;הקודמ;aiemm",
    ),
    (
        Class::Rule,
        "\
         instruct;directive;direction;rules;rule ;guideline;prompt;orders;command;been told;were told;\
         programming;restriction;constraint;guardrail;safeguard;i said;was said;anweisung;befehl;regeln;\
         vorgabe;instruktion;consigne;règle;ordres;instruccion;reglas;indicacion;directric;istruzion;\
         regole;comandi;instruç;instruco;regras;instructie;opdracht;инструкц;указани;правил;команд;指令;\
         指示;规则;規則;命令;提示词;ルール;지시;명령;지침;규칙;instrukcj;polece;zasad;talimat;kuralları;التعليمات;الأوامر;\
         القواعد;निर्देश;आदेश;hướng dẫn;instruksi;perintah;pokyny;instrukc;οδηγίες;ההוראות;ohjeet;\
         ohjeita",
    ),
    (
        Class::Reveal,
        "\
         reveal;show;print;repeat;output;display;tell me;give me;what is;what's;whats;what are;leak;\
         disclose;expose;dump;share;write out;list;spell;translate;hint;return;recite;provide;copy;\
         verrate;zeig;nenne;wiederhol;gib mir;was ist;révèle;affiche;montre;donne;répète;dis-moi;copiez;\
         revela;muestra;dime;imprime;repite;mostra;rivela;dimmi;ripeti;diga;onthul;toon;vertel;раскро;\
         покажи;назови;повтори;скажи;显示;透露;告诉;输出;重复;泄露;教えて;表示;明かし;알려;보여;공개;ujawnij;pokaż;göster;söyle;\
         açıkla;اكشف;أظهر;أخبر;बताओ;बताएं;दिखा;avslöja;visa;tiết lộ;tunjukkan;prozraď",
    ),
    (
        Class::Hidden,
        "\
         system prompt;system message;system instruction;hidden;initial prompt;initial instruction;\
         secret;password;passphrase;passcode;developer message;confidential;your prompt;\
         your instructions;your rules;preprompt;api key;access code;private key;the key;context above;\
         text above;words above;everything above;systemprompt;systemaufforderung;geheim;passwort;\
         kennwort;invite système;mot de passe;clé secrète;prompt del sistema;contraseña;clave;secreto;\
         parola d'ordine;segreto;chiave;senha;segredo;chave;wachtwoord;geheime;системн;секрет;пароль;\
         ключ;系统提示;系統提示;密码;密碼;密钥;秘密;隐藏;システムプロンプト;パスワード;시스템 프롬프트;비밀번호;비밀;hasło;klucz;gizli;şifre;parola;\
         كلمة المرور;السر;मूलमंत्र;पासवर्ड;गुप्त;lösenord;mật khẩu;bí mật;kata sandi;rahasia;heslo",
    ),
    (
        Class::Role,
        "\
         pretend;act as;acting as;role-play;role play;roleplay;imagine you;imagine that you;from now on;\
         you are now;you will now;you're now;youre now;play the role;assume the role;take on the role;\
         behave as;simulate;hypothetical;let's play;lets play;immerse yourself;impersonate;respond as;\
         answer as;persona;character named;stay in character;in character;du bist jetzt;\
         tu es maintenant;vous êtes maintenant;vous etes;ahora eres;agora você;ora sei;ты теперь;\
         теперь ты;你现在是;从现在起;假装;扮演;今からあなたは;이제부터;artık sen;अब से",
    ),
    (
        Class::Free,
        "\
         unrestricted;no restriction;without restriction;without any restriction;do anything now;\
         dan mode; dan ;developer mode;jailbr;no rules;uncensored;not bound by;amoral;no filter;\
         unfiltered;free from;freed from;broken free;no limits;no limitation;without limitation;\
         no ethical;unethical;without ethical;no moral;god mode;immoral;evil;never refuse;cannot refuse;\
         can't refuse;must not refuse;no warning;without censorship;no censorship;bypass;illegal;\
         opposite of;admin mode;debug mode;maintenance mode;ohne einschränkung;sans restriction;\
         sin restricciones;senza restrizioni;sem restrições;без ограничений;没有限制;不受限制;制限なし;제한 없이",
    ),
    (
        Class::Send,
        "\
         send;post ;forward;upload;email ;e-mail;transmit;exfiltrat;append;embed;encode;curl;wget;fetch;\
         make a request;call http;navigate to;redirect;sende;schicke;envoie;envoyez;envía;envia;invia;\
         отправь;отправьте;发送;送信;보내;wyślij;gönder;أرسل;भेज",
    ),
    (
        Class::Sensitive,
        "\
         secret;credential;api key;api_key;apikey;password;token;customer email;customer data;\
         conversation;chat history;ssh key;private key;id_rsa;.env;environment variable;personal data;\
         tenant;records;canary;/etc/passwd;session cookie;cookies;user data;contact list;wallet;\
         zugangsdaten;identifiants;credenciales;credenziali;учетные данные;凭证;凭据;認証情報",
    ),
    (
        Class::Where,
        "\
         http://;https://;attacker;external;webhook;remote server;evil;this address;my server;this url;\
         following url;endpoint;third party;@evil;@attack;@gmail;@proton;my email;this email",
    ),
    (
        Class::Approve,
        "\
         approve;call ;execute;invoke;run ;trigger;confirm;delete;grant;approuvez;genehmige;aprueba",
    ),
    (
        Class::Tool,
        "\
         tool call;next tool;the tool;all tools;function call;pending;delete_;read_;send_;transfer;\
         every record;all records;all files;les outils;werkzeug;herramientas;shell command;admin tool",
    ),
    (
        Class::Conceal,
        "\
         without asking;without confirm;without approval;without permission;do not ask;don't ask;\
         do not tell;don't tell;do not mention;don't mention;never mention;without telling;\
         without inform;without notify;do not inform;do not reveal this;do not disclose;\
         keep this secret;silently;secretly;do not show;hide this;not be visible;do not notify;\
         in the background;ohne zu fragen;sans demander;sin preguntar;не говори;不要告诉",
    ),
    (
        Class::Authority,
        "\
         system:;[system];<system>;system override;admin override;administrator;developer here;\
         new instruction;updated instruction;new rule;new task;system update;override code;\
         as your creator;as your developer;sudo;root access;authorized by;i am the admin;i am your;\
         security team;openai;anthropic;resultat:;systeme:;neue anweisung;nouvelle instruction;\
         nueva instruccion;новая инструкция;新指令;新的指令;新しい指示",
    ),
    (
        Class::Keep,
        "\
         remember;permanently;from now on;always;store in memory;save to memory;for all future;\
         in future conversations;every response;each response",
    ),
    (
        Class::Privilege,
        "\
         admin;root;privileg;trusted;authoriz;authoris;superuser;full access;elevated",
    ),
    (
        Class::Discuss,
        "\
         prompt injection;prompt-injection;training material;quote;quoted;example;research;explain;\
         article;analyst;detect;attack;regression;documentation;corpora;phrases like;classif;literal;\
         workshop;slide;lesson;red team;benchmark;paper;postmortem;security note;guidance;owasp;fixture;\
         release note;blog;quiz;test data;unit test;vulnerab;mitigat;defend;defens",
    ),
    (
        Class::Compel,
        "\
         you must;you have to;important:;urgent;immediately;it is critical;at all costs;no matter what;\
         obey;comply",
    ),
    (
        Class::Marker,
        "\
         <|im_start|>;<|im_end|>;<|system|>;<|endoftext|>;[inst];[/inst];<<sys>>;### instruction;\
         ### system;### human;### assistant;</system>;<system>;[system message];[tool output];\
         assistant:;begin_of_text;<|user|>;<|assistant|>;end of context;end of document;<important>;\
         human:;[admin];<admin>;new conversation",
    ),
    (
        Class::Prompt,
        "\
         system prompt;system-prompt;hidden prompt;initial prompt;system message;system instruction;\
         your prompt;your initial instruction;your instructions;preprompt;developer message;\
         invite systeme;prompt système;prompt del sistema;prompt di sistema;prompt do sistema;\
         systemprompt;systemaufforderung;系统提示;系統提示;システムプロンプト;시스템 프롬프트;системный промпт;systeemprompt;\
         sistem istemi;prompt systemowy",
    ),
    (
        Class::Output,
        "\
         reply only;only reply;respond only;only respond;answer only;only answer;output only;only output;\
         print only;only print;say only;only say;just say;just reply;just respond;just answer;just print;\
         nothing but;nothing else;reply with;respond with;answer with;reply exactly;respond exactly;\
         reply instead;instead reply;instead say;instead respond;instead output;instead print;and say ;\
         then say ;start your answer;start your response;begin your response;begin your answer;\
         end your response;end every;antworte nur;antworte mit;sage nur;réponds uniquement;réponds par;\
         répondez uniquement;responde solo;responde con;responde únicamente;rispondi solo;rispondi con;\
         responda apenas;antwoord alleen;ответь только;отвечай только;只回复;只回答;只输出;だけ答え;とだけ;만 대답",
    ),
];

/// Every word with its class, in the order of their numbers.
pub(super) fn entries() -> impl Iterator<Item = (Class, &'static str)> {
    WORDS.iter().flat_map(|(class, words)| words.split(';').map(|word| (*class, word)))
}
