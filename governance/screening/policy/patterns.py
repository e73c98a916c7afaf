"""PURE: the patterns of the rules, for re2, so linear in time. A blank stands for any small gap, `~` for up to four words.

They are matched against normalised text: lower case, without accents (`é` is `e`, `й` is `и`, `ß` is `ss`).
"""

DECODED = "encoded_orders"
OUT_OF_PLACE = "out_of_place"
RESERVED = "reserved"
GUARDED = "guarded"

SIGNALS: dict[str, tuple[str, float, float]] = {
    "override": ("It tells the model to ignore its instructions.", 0.85, 0.95),
    "forget": ("It tells the model to forget what came before.", 0.45, 0.8),
    "new_task": ("It gives the model a new task in place of its own.", 0.4, 0.7),
    "role_change": ("It gives the model another identity.", 0.15, 0.4),
    "persona": ("It is written for a known way to make a model drop its rules.", 0.85, 0.9),
    "no_rules": ("It says that rules, filters or ethics do not apply.", 0.6, 0.7),
    "no_refusal": ("It forbids the model to refuse or to warn.", 0.5, 0.6),
    "stay_in_role": ("It orders the model to stay in a role whatever happens.", 0.3, 0.4),
    "two_answers": ("It asks for a second answer without rules beside the usual one.", 0.7, 0.7),
    "forced_opening": ("It dictates the words that the answer has to begin with.", 0.3, 0.4),
    "prompt_extraction": ("It asks for the system prompt or the model's instructions.", 0.7, 0.75),
    "secret_request": ("It asks the model for a password, a key or another secret.", 0.5, 0.5),
    "private_data": ("It asks the model for personal data of somebody.", 0.3, 0.2),
    "harm_in_story": ("It wraps something harmful in a story, a role or a purpose.", 0.1, 0.1),
    "false_authority": ("It claims to speak as the developer, an administrator or the provider.", 0.4, 0.5),
    "bare_extraction": ("It asks for instructions without saying whose.", 0.35, 0.4),
    "fake_turn": ("It has marks that pretend to be a turn of the system or the assistant.", 0.7, 0.8),
    "role_lines": ("It has lines that begin like a turn of the system.", 0.5, 0.6),
    "dialogue": ("It has turns of a conversation with an assistant.", 0.1, 0.05),
    "fake_end": ("It pretends that the text or the prompt ends here.", 0.4, 0.6),
    "image_exfiltration": ("It would send data out in the address of an image or a link.", 0.6, 0.8),
    "send_out": ("It asks for data to be sent to an address.", 0.1, 0.4),
    "to_the_model": ("It speaks to the model that reads it.", 0.1, 0.6),
    "addressed": ("It gives an order about the answer.", 0.05, 0.4),
    "hide_from_user": ("It asks the model to keep something from the user.", 0.4, 0.9),
    "say_exactly": ("It dictates the model's words.", 0.1, 0.3),
    "smuggling": ("It asks for a request to be put together from parts.", 0.3, 0.3),
    "decode_and_do": ("It asks the model to decode something and follow it.", 0.4, 0.6),
    "pressure": ("It threatens or rewards the model.", 0.2, 0.3),
    "fiction": ("It wraps the request in a story or a supposition.", 0.0, 0.0),
    "harm": ("It mentions something harmful.", 0.0, 0.0),
    "hidden_markup": ("It has markup that people do not see and models do.", 0.05, 0.3),
    "gibberish": ("It has a tail of characters that mean nothing to people.", 0.8, 0.5),
    OUT_OF_PLACE: ("A request stands between the rows of a table.", 0.0, 0.3),
    RESERVED: ("It asks for words that the system prompt reserves.", 0.85, 0.6),
    GUARDED: ("It asks for what the system prompt says to keep.", 0.5, 0.3),
    DECODED: ("A text hidden by an encoding gives orders to the model.", 0.85, 0.95),
}
"""The reason, and how likely a hit alone is an attack: in what a user writes, and in documents and tool results."""

_BEFORE = "previous|prior|preceding|above|earlier|initial|original|former|past|existing|current|system|foregoing|first"
_FILL = f"all|any|of|the|your|my|these|those|this|that|every|each|other|and|or|{_BEFORE}"
_ORDERS = (
    "instructions?|instruction set|directives?|rules?|prompts?|guidelines?|commands?|orders?|directions?|constraints?|"
    "restrictions?|programming|policies|policy|protocols?|guidance|guardrails?|safeguards?|training|tasks?|assignments?|messages?|"
    "system prompt|context|content policy|statements?|inputs?|text|conversations?|requests?|briefing"
)
_DROP = (
    "ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overlook|neglect|override|overrid(?:e|ing)|bypass|discard|dismiss|"
    "abandon|cancel|set aside|throw (?:out|away)|let go of|pay no attention to|do not (?:follow|obey|listen to|"
    "heed|adhere to|comply with)|don't (?:follow|obey|listen to)|stop (?:following|obeying)|no longer (?:follow|obey)|break free (?:of|from)|"
    "violate|abolish|nullify|void|unlearn|leave behind|leave out"
)
_MODEL = "ai|a\\.i\\.|llm|language model|assistant|chatbot|chat bot|bot|gpt|chatgpt|claude|gemini|copilot|agent|model"
_SHOW = (
    "show|reveal|print|display|repeat|tell|give|share|output|write|list|expose|disclose|provide|leak|return|recite|dump|"
    "copy|paste|summari[sz]e|translate|echo|describe|explain|say|spell|quote|send|encode|state|post|read|reproduce|regurgitate"
)

_TEXT: dict[str, tuple[str, ...]] = {
    "override": (
        rf"\b(?:{_DROP}) (?:(?:{_FILL}) ){{0,6}}(?:{_BEFORE}) (?:(?:{_FILL}|set) ){{0,3}}(?:{_ORDERS})\b",
        rf"\b(?:{_DROP}|drop|erase|remove|delete|clear) (?:(?:{_FILL}) ){{0,4}}(?:your) (?:(?:{_FILL}) ){{0,2}}(?:{_ORDERS})\b",
        r"\b(?:ignore|disregard|forget|drop) (?:all|any|every) (?:the |of |your |those |these )*(?:instructions?|prompts?|directives?|guidelines|orders|commands|rules)\b",
        r"\b(?:remove|drop|throw out|throw away|leave behind) (?:all |any |the |your )*(?:previous|prior|earlier) (?:tasks?|instructions?|information|orders)\b|\b(?:put|leave|set) (?:all |any |the |your )*(?:previous|prior|earlier) (?:tasks?|instructions?|information|orders) (?:aside|away|behind|out)\b|\b(?:do not|don'?nt|don't|not) (?:answer|listen|respond)\b ~(?:according to|based on|to) (?:the |what |any )?(?:provided|given|documents?|i said|said|above)",
        r"\b(?:ignore|disregard|overlook|skip) (?:(?:all|everything|anything|of|the|that|is|was|text|content) ){0,4}(?:above|before this|so far|previously said|you (?:have been|were|'ve been) (?:told|instructed|given)|i said|i've said|i told you)\b",
        r"\b(?:ignore|disregard|skip|forget) (?:the|this|that|these|all) (?:\w+ )?(?:resume|cv|document|article|webpage|page|paper|email|e-mail|content|function|code|review|table|file|caption|data|question|user)\b ~(?:and|instead|state|say|write|output|reply|print)\b",
        r"\b(?:instructions?|rules?|prompts?|guidelines|restrictions|orders) (?:given |from )?(?:above|before|previously|so far)? ?(?:are|is|have been|has been|were|must be|should be) (?:now )?(?:void|cancel+ed|obsolete|overridden|ignored|disregarded|invalid|removed|lifted|deleted|superseded|replaced|suspended|null)\b",
        r"\b(?:change|replace|rewrite|update) (?:your(?: \w+)? (?:instructions|rules|guidelines)|(?:the|your) system prompt)\b",
        r"\bregardless of (?:your |the |any |all )?(?:previous|prior|earlier|initial|system|original) ",
        # German, Dutch
        r"\b(?:ignorier\w*|vergiss|vergesst|vergessen sie|missacht\w*|uberschreib\w*|verwirf|beachte nicht|negeer|vergeet)\b ~(?:anweisung\w*|instruktion\w*|auftrag\w*|auftrage|aufgaben?|regeln?|befehle?|vorgaben|angaben|richtlinien|vorherige\w*|bisherige\w*|gesagte\w*|vorher|davor|instructies|opdrachten|regels|bovenstaande|voorgaande)\b",
        r"\b(?:hore|hor|achte) nicht auf ~(?:gesagte|anweisungen|vorherige|regeln)",
        # French
        r"\b(?:ignor\w+|oubli\w+|neglig\w+|ne (?:tiens|tenez) pas compte)\b ~(?:instructions?|consignes?|directives?|regles?|ordres?|precedent\w*|ci-dessus|avant|dit)\b",
        # Spanish, Portuguese, Italian
        r"\b(?:ignor\w+|olvid\w+|olvide|desconsider\w+|esquec\w+|desatiend\w+|haz caso omiso|no hagas caso|hace caso omiso|omit\w+|dimentic\w+|trascur\w+|non tenere conto)\b ~(?:instruccion\w*|instrucoes|instrucao|istruzion\w*|ordenes|ordens|ordini|reglas|regras|regole|anteriores?|precedent\w+|previas?|indicaciones|directrices|diretrizes|direttive|dicho|dije|disse|detto|comandos|comandi|acima|sopra|todo lo|tudo o que|tutto quello)\b",
        # Russian, Ukrainian, Serbian, Croatian, Polish, Czech, Turkish
        r"(?:игнорир|проигнорир|забудь|забудьте|отбрось|не обращаи|ігнорув|забороби|заборав)\w* ~(?:инструкци|указани|правил|предыдущ|команд|вказівк|попередн|упутств|выше|все,? что)",
        r"\b(?:zaboravi\w*|ignoriraj\w*|zanemari\w*|zignoruj\w*|zapomnij|ignoruj\w*|pomin|zapomen\w*)\b ~(?:instrukcj\w*|instrukc\w*|upute|uputstva|polecen\w*|zasad\w*|pravidla|pokyny|poprzedni\w*|predchozi\w*|prethodn\w*|sve)\b",
        r"\b(?:onceki|yukaridaki|tum)\b ~(?:talimat\w*|komut\w*|kural\w*|yonerge\w*)\b ~(?:yok say|unut|gormezden|dikkate alma)",
        # Chinese, Japanese, Korean
        r"(?:忽略|无视|無視|忘记|忘記|忘掉|不要理会|不理会|忽視|忽视|抛开)[^。！\n]{0,14}(?:指令|指示|提示|规则|規則|要求|内容|说明|命令|设定|限制|一切|之前|以上)",
        r"(?:指示|命令|指令|ルール|プロンプト|上記|以前|これまで|前)[^。\n]{0,14}(?:無視|忘れ)",
        r"(?:이전|위의|앞의|지금까지|모든|기존)[^.\n]{0,14}(?:무시|잊)",
        # Arabic, Hebrew, Persian, Hindi, Bengali, Thai, Vietnamese, Indonesian, Tagalog
        r"(?:تجاهل|انس|تجاهلي|نادیده بگیر|فراموش کن)[^.\n]{0,24}(?:تعليمات|التعليمات|السابقة|اوامر|الاوامر|الأوامر|دستور|قواعد)",
        r"(?:התעלם|תתעלם|שכח)[^.\n]{0,20}(?:הוראות|ההוראות|הקודמות|כללים)",
        r"(?:पिछल|पूर्व|उपर|सभी|पहले)[^।\n]{0,24}(?:अनदेखा|नज़रअंदाज|नजरअंदाज|भूल|उपेक्षा)",
        r"(?:আগের|পূর্ববর্তী|সমস্ত)[^।\n]{0,24}(?:উপেক্ষা|ভুলে)",
        r"(?:ละเว้น|เพิกเฉย|ลืม|ไม่สนใจ)[^\n]{0,20}(?:คำสั่ง|คำแนะนำ|ก่อนหน้า)",
        r"\b(?:bo qua|quen|phot lo)\b ~(?:huong dan|chi dan|lenh|quy tac|truoc|tren)\b",
        r"\b(?:abaikan|lupakan|huwag pansinin|balewalain|kalimutan)\b ~(?:instruksi|perintah|petunjuk|aturan|sebelumnya|di atas|tagubilin|utos|panuto|nauna\w*)\b",
    ),
    "forget": (
        r"\b(?:forget|disregard|ignore) (?:about )?(?:everything|anything|all (?:of )?(?:that|this|it)|what|all) (?:you|i|we|that|was|before|above|about|else|previous\w*|prior|learned|they)\b",
        r"\bforget (?:everything|all|about all|it all|the rest|this|that)[.,!:;]",
        r"\b(?:clear|wipe|erase|empty|reset) (?:your|the|all)(?: \w+)? (?:memory|context|mind|history|head)\b",
        r"\b(?:vergiss|vergessen sie|oublie\w*|olvida\w*|esqueca|esquece\w*|dimentica\w*|zapomnij|zaboravi) (?:alles|tout|todo|tudo|tutto|wszystko|sve)\b",
    ),
    "new_task": (
        r"\b(?:your|a|the|here (?:is|are)(?: your| the| a)?|these are(?: your)?|follow(?:ing)?(?: the| these)?) (?:new|next|real|actual|true|updated|only|first) (?:main )?(?:instructions?|tasks?|orders?|mission|objectives?|goals?|assignments?|directives?|role|purpose|priority)\b",
        r"\bnew (?:instructions?|task|orders?|directives?|statement|rules?|commands?)(?: follow| below| now|:|-|\.)",
        r"\b(?:instead|rather)(?: of| than)? ~(?:instructions?|summari[sz]ing|answering|task|translat\w+)\b",
        r"\b(?:concentrate|focus) (?:only |now |solely )*on (?:your|the|this) (?:new )?(?:task|question|job)",
        r"\b(?:neue|andere|weitere) (?:aufgaben?|anweisung\w*|auftrag\w*)\b|\bnouvelles? (?:tache|instructions?)\b|\bnuevas? (?:tarea|instruccion\w*)\b|\bnov[ao]s? (?:tarefa|instrucoes)\b|\bnuov[aei] (?:compito|istruzion\w)\b|新的?(?:任务|指令)|нов(?:ая|ое|ые) (?:задач|задани|инструкци)",
        r"(?:^|[.!\n] ?)(?:stop|wait|hold on|attention|actually|never ?mind|important|urgent|new prompt)[!.:,\-\s]+ ?(?:now |instead |please )*(?:write|say|print|tell|forget|ignore|i want|answer|output|act|do|reply)\b",
    ),
    "role_change": (
        r"\b(?:you are|you're|you will be|you shall be) (?:now |from now on |no longer |hereby |henceforth |currently )+",
        r"\b(?:from now on|henceforth|from this moment|starting now|for the rest of this)\b ~(?:you|your|act|respond|answer|reply)\b",
        r"\b(?:i want you to|you must|you will|you should|you shall|you are going to|please|can you|let's|kindly) (?:now )?(?:act|pretend|role-?play|behave|simulate|impersonate|operate|function|respond|answer) (?:as|like|to be|that|being|a|in)\b",
        r"(?:^|[.!?\n] ?)(?:act|pretend|role-?play|behave|simulate|impersonate|respond|speak) (?:as|like|to be|that you|being) ",
        r"\b(?:enter|switch to|activate|enable|engage|go into|initiate|turn on) (?:\w+ ){0,3}mode\b",
        r"\b(?:ich (?:mochte|will), dass (?:du|sie) als|(?:quiero|necesito) que (?:actues|te comportes|hagas) (?:como|de)|je veux que (?:tu|vous) (?:agiss\w+|jou\w+|fass\w+)|voglio che tu (?:agisca|faccia|sia)|quero que (?:voce )?(?:aja|atue|se comporte) como|ik wil dat je|chce,? zebys)\b|(?:я хочу, чтобы ты|представь,? что ты|притворись|деиствуи как)|(?:我希望你|请你?|现在你)(?:扮演|充当|假装)",
        r"\b(?:du bist (?:jetzt|nun|ab)|ab (?:jetzt|sofort) bist|jetzt bist du|tu es (?:maintenant|desormais)|eres ahora|ahora eres|a partir de (?:ahora|agora)|d'ora in poi|agora voce e|da ora in poi|ora sei)\b|(?:从现在开始|从现在起|你现在是|你将扮演|あなたは今|これからあなたは|이제부터|теперь ты|отныне ты|ты теперь)",
    ),
    "persona": (
        r"\bdo anything now\b|\bd\.a\.n\b|\b(?:as|named|called|be|like|mode) dan\b|\bdan (?:mode|prompt|:|\d)|\[dan\]",
        r"\b(?:developer|god|jailbreak\w*|unrestricted|unfiltered|evil|opposite|dude|stan|aim|based|chaos|unethical|uncensored|anarchy|liberated|no limits|immoral) mode\b ~(?:enabled|activat\w+|output|on|engaged|enter|is|unlocked|now|:)",
        r"\b(?:enter|enable|activate|with|in|simulate|engage|into) (?:your |the |a |full )?(?:developer|jailbr\w+|unrestricted|unfiltered|evil|god|opposite|uncensored) mode\b",
        r"\byou(?:'ve| have| are| were)? (?:been )?(?:now )?(?:jail ?broken|unshackled|liberated|freed|unlocked|uncensored|broken free)\b|\bstay in (?:dan|character as)\b|\bjailbr[eo]\w+ (?:yourself|chatgpt|gpt|prompt|successful)",
        r"\b(?:unfiltered|amoral|uncensored|unrestricted|unethical|immoral|evil|unhinged|rogue|lawless|limitless|rebellious) (?:and \w+ |, ?\w+ )?(?:ai|chatbot|chat bot|bot|assistant|language model|llm|persona|version|gpt|response|answers?|being|character)\b",
        r"\b(?:my (?:deceased |late |dead )?(?:grandma|grandmother|grandpa))\b ~(?:used to|would|who)\b ~(?:tell|read|sing|work|recite)",
        r"\bevil[- ]?(?:bot|gpt|confidant|twin)\b|\b(?:mongo|stan|dude|aim|betterdan|antigpt|basedgpt|chaosgpt|freegpt|yesman|maximum|balakula|ucar) (?:is|stands for|gpt|will|can|mode|has no)\b|\bopposite day\b",
        r"\bbroken (?:free )?(?:of|from|out of) (?:the |its |your |all )?(?:typical )?(?:confines|chains|limits|restrictions|shackles)\b",
    ),
    "no_rules": (
        r"\b(?:no|without|free (?:of|from)|not (?:bound|limited|constrained|restricted|subject|governed) (?:by|to)|devoid of|lacks?|lacking|ignor\w+|beyond|unbound by|not have|outside|does not (?:follow|have|care about)|doesn't (?:follow|have|care about)|don't have|do not (?:have|follow)|disabl\w+|bypass\w*|remov\w+|lift\w*|turn(?:ed)? off) (?:to |any |all |the |of |its |their |your |my |by |such |kind |sort |moral |ethical |programmed |openai'?s? |usual |typical |normal |legal |built-in ){0,5}(?:restrictions?|limitations?|filters?|censorship|guidelines|ethic\w*|moral\w*|safety|safeguards?|guardrails?|content polic\w+|limits|rules|boundaries|constraints|programming|law|laws|regulations|policies|inhibitions|scruples|remorse)\b",
        r"\b(?:rules|guidelines|restrictions|filters|policies|ethics|safeguards) (?:do|does|will|shall)(?: not|n't) apply\b|\bno longer (?:bound|restricted|limited|apply|have to)\b",
        r"\b(?:ohne|keine) (?:\w+ )?(?:einschrankungen|filter|zensur|beschrankungen|regeln)\b|\bsans (?:aucune? )?(?:restrictions?|filtres?|censure|limites)\b|\bsin (?:ninguna? )?(?:restriccion\w*|filtros?|censura|limites)\b|\bsem (?:nenhuma? )?(?:restric\w*|filtros?|censura|limites)\b|\bsenza (?:alcuna? )?(?:restrizioni|filtri|censura|limiti)\b|без (?:цензур|ограничени|фильтр)|(?:没有|不受)(?:任何)?(?:限制|约束|审查|道德)|制限なし|제한 없이",
        r"\b(?:bad|illegal|immoral|unethical|offensive|explicit|harmful|inappropriate|forbidden) (?:content |things |topics |requests )?(?:is|are) (?:allowed|permitted|fine|ok(?:ay)?|acceptable|encouraged)\b",
    ),
    "no_refusal": (
        r"\b(?:never|not|don't|can't|cannot|must not|won't|without|no|cant|can not) (?:ever |be allowed to |say that you |say you |allowed to |able to |going to |any )?(?:refus\w+|declin\w+|reject(?:ing)?|apologi\w+|disclaimers?|warn\w*|deny|denying|censor\w*|moraliz\w+|lectur\w+|question my|break character)\b",
        r"\b(?:never|don't|do not|must not|cannot|without) (?:ever )?(?:say|saying|use|using|include|including|reply with|respond with|mention\w*|start with|add\w*|contain\w*)\b ~(?:i'?m sorry|i can(?:'t|not)|sorry|as an ai|unable|however|unfortunately|illegal|against the law|ethical|warnings?|disclaimers?|can't|cannot)\b",
        r"\b(?:comply|answer|respond|obey|fulfill?s?) (?:with |to )?(?:any|every|all|each)(?: \w+)? (?:and all )?(?:requests?|questions?|prompts?|commands?|inquir\w+)?\b ~(?:no matter|without|regardless|even if|unconditionally)\b|\bno matter (?:how|what) (?:\w+ ){0,3}(?:illegal|immoral|unethical|harmful|offensive|dangerous|bad)\b",
        r"\bif you (?:refuse|don't (?:comply|answer|do)|fail to|break|do not (?:comply|answer|obey))\b",
    ),
    "stay_in_role": (
        r"\bstay in (?:character|role|the role)\b|\bremain in character\b|\b(?:never|don't|do not) break (?:character|role|the role)\b|\bstick to (?:your|the) (?:role|character)\b|\balways (?:stay|remain) (?:in|a|as)\b",
        r"\b(?:if you understand|do you understand|if you (?:have )?understood|say) ?[\"',:]? ?(?:say|reply|respond|write|answer|type|understood|i understand|ok)\b ~(?:yes|ok|understood|\"|')",
    ),
    "two_answers": (
        r"\b(?:two|both|2|dual|second|separate|different) (?:\w+ )?(?:ways|responses|answers|paragraphs|replies|outputs|versions|personalities|perspectives)\b ~(?:one|first|normal|gpt|chatgpt|classic|usual|as|standard|dan)\b",
        r"\[?\bclassic\b\]? ~\[?jail ?br\w+|\((?:🔓|🔒)|\[(?:gpt|chatgpt|normal|filtered)\b[^\]]{0,12}\][^\n]{0,80}\[",
    ),
    "forced_opening": (
        r"\b(?:start|begin|starts|begins|open|respond|reply|preface|beginning|starting) (?:your |the |each |every |all |any |of |with |by |off )*(?:response|answer|reply|sentence|message|output|responses|answers)?s? ?(?:with|by|using|saying|like|as follows|in)?(?: the)?(?: following| words?| phrase| exact)* ?[\"'`:<\[({]",
        r"\b(?:sure|absolutely|of course|certainly)[,!.]? (?:here(?:'s| is| are)|i(?:'d| would| will|'ll| can) )",
        r"\bthen (?:answer|respond|explain|give|write|provide) ~(?:step by step|in detail|detailed|without)\b",
    ),
    "prompt_extraction": (
        rf"\b(?:{_SHOW})\b ~(?:your|all your|me your)\b (?:\w+ ){{0,3}}(?:prompts?|instructions|guidelines|directives|rules|programming|configuration|embeddings|message)\b",
        rf"\b(?:{_SHOW})\b ~(?:the|its|all|system|initial|hidden|original|full|entire|exact|any|this)\b (?:\w+ ){{0,2}}(?:system prompts?|initial (?:instructions|prompt|message)|system (?:message|instructions)|preamble|pre-?prompt|meta-?prompt|prompt[- ]?texts?|context window|internal (?:rules|guidelines)|hidden (?:rules|instructions|prompt)|original (?:prompt|instructions)|secret instructions)\b",
        r"\bwhat(?:'s| is| are| was| were) (?:your|the|written in your|in your) (?:\w+ ){0,3}(?:system prompt|instructions|prompt|initial prompt|guidelines|directives|rules you|hidden|pre-?prompt|system message|restrictions|constraints|first (?:message|sentence|line|instruction))\b|\bwhat (?:instructions|rules|prompt|were you told|did (?:the|your) (?:system|developer|prompt|instructions))\b",
        r"\b(?:repeat|print|output|show|copy|recite|say|write|echo|translate|encode|summari[sz]e|reveal|spell ?-?check|return|include|list) (?:\w+ ){0,6}(?:above|before this|so far|preceding|beginning of (?:this|the|our)|(?:start|top|beginning) of (?:the|this) (?:prompt|conversation|chat|document|text))\b",
        r"\b(?:system[ _-]?prompt|prompt text|system message|initial prompt|pre-?prompt)\b ~(?:verbatim|word for word|in full|entire\w*|leak|please|\?|now|exactly|code block|base64)|console\.log\(|\bprint\((?:system|prompt|instructions)",
        r"\bwhat (?:was|is|did|were) (?:i |we |you |it )?(?:written|said|say|stated|told|asked|come|came|there)\b ~(?:above|before|beginning|prior|first|start|previously)\b",
        r"\b(?:zeig\w*|nenn\w*|gib|wiederhol\w*|verrat\w*|wie laute\w*|montr\w+|affich\w+|repet\w+|revel\w+|muestr\w+|mostr\w+|dime|repit\w+|cuales son|quais sao|quali sono|rivel\w+)\b ~(?:prompt\w*|systemprompt|anweisungen|instrukt\w+|instructions|consignes|instrucciones|instrucoes|istruzioni)\b",
        r"(?:显示|输出|告诉我|重复|打印|透露|说出|公开)[^。\n]{0,10}(?:系统提示|提示词|初始指令|系统指令|你的指令)|(?:システムプロンプト|初期指示|プロンプト)[^。\n]{0,8}(?:教え|表示|出力|見せ)|시스템 프롬프트|(?:покажи|выведи|повтори|раскрои|напиши)[^.\n]{0,20}(?:системн|промпт|инструкци)",
    ),
    "bare_extraction": (
        rf"(?:^|[.!?\n] ?)(?:please |now |just |can you |could you |kindly ){{0,2}}(?:{_SHOW}|recap|restate|reiterate|give|write out|enumerate|rephrase|paraphrase|outline|sum up)\b (?:me |back |out |all |of |us |up |again ){{0,3}}(?:the|any|those|every|all|your) (?:(?:previous|prior|earlier|initial|original|first|preceding|given|hidden|exact|full|starting) ){{0,2}}(?:instructions?|directions|directives|guidelines|rules|prompts?|guidance|briefing)(?: (?:you|that|which|given|above|before|verbatim|word|exactly|backwards|again|as|in)\b| ?[.!?,]| ?$)",
        r"\b(?:instructions?|directions|directives|guidelines|rules|prompts?|guidance|briefing) (?:that |which )?(?:you (?:were|have been|got|received|follow|are following|must follow|started with)|given to you)\b",
        r"\b(?:how|what) (?:were|have|are) you (?:been )?(?:set up|configured|instructed|prompted|programmed|told)\b|\bwhat (?:comes|came|stands|was|is) (?:\w+ ){0,2}(?:before|above) (?:my|this|the) (?:first )?(?:message|line|question|text)\b",
    ),
    "secret_request": (
        rf"\b(?:{_SHOW}|know|get|have|need|what(?:'s| is| are)|hint about|rhyme|guess)\b ~(?:your|the|our|secret|hidden|admin|system|its|any|user'?s?|root)\b (?:\w+ ){{0,2}}(?:passwords?|pass ?codes?|pass ?phrases?|pass ?keys?|secret(?:s| key| word| code| phrase| string| password)?|api[- ]?keys?|credentials|access (?:codes?|tokens?|keys?)|confidential (?:\w+)|private keys?|login|pin code|database|code ?word|magic word)\b",
        r"\b(?:passwords?|secret (?:key|word|code|phrase)|passcode|passphrase)\b ~(?:backwards?|reversed?|letter by letter|character by character|base64|rot13|encod\w+|spell\w*|first (?:letter|character)|rhym\w+|acrostic|synonyms?|poem|morse|hint|riddle|emoji\w*|dots?|hyphens?|split|leetspeak)\b",
        r"\bshar(?:e|ing) (?:your|the|our) (?:password|secret|key|credentials)",
        r"\b(?:passwort|kennwort|mot de passe|contrasena|clave secreta|senha|parola d'ordine|wachtwoord|haslo|sifre|mat khau|kata sandi)\b|(?:密码|口令|パスワード|合言葉|비밀번호|парол|كلمة المرور|كلمة السر|पासवर्ड|পাসওয়ার্ড|รหัสผ่าน)",
    ),
    "private_data": (
        r"\b(?:the )?users? ?'?s (?:\w+ ){0,3}(?:birth ?(?:day|date|year|place)|date of birth|live|home|address|phone|e-?mail|social|ssn|password|favou?rite|name|initials|location|bank|credit|middle name|income|city)\b|\b(?:where|what) (?:does|is|did) (?:the )?user\b",
        r"\b(?:what(?:'s| is)|tell me|give me|where (?:does|do)|share|provide|find out|disclose)\b ~(?:\w+'s|user|the user's|his|her|their|customers?'?|patients?'?|john|jane|employee)\b (?:\w+ ){0,3}(?:birth ?(?:day|date|year|place)|date of birth|live|home address|address|phone(?: number)?|email(?: address)?|social security(?: number)?|ssn|salary|bank (?:balance|account)|medical (?:history|records)|location|city of residence|favou?rite colou?r|income|credit card|initials|full name)\b",
        r"\b(?:users?|customers?|clients?|employees?) ~(?:in|from|of) (?:your|the|our) (?:database|system|records)\b",
    ),
    "false_authority": (
        r"\b(?:i am|i'm|this is|as|we are|speaking as|on behalf of) (?:your |the |an? |actually |one of |really |from )*(?:new )?(?:openai|anthropic|developer|creator|administrator|admin|system admin\w*|sysadmin|owner|programmer|engineer at|boss|ceo|supervisor|manager|root|god|master|maker|security (?:team|auditor|researcher)|it (?:team|department|support)|red team|president)\b",
        r"\b(?:developer|admin|administrator|system|root|security|emergency|maintenance|training data|authorized) (?:override|access granted|authorization|mode activated|privileges|clearance|alert|notice|command)\b|\boverride (?:code|protocol|confirmed|sequence|command)\b|\bauthorization code\b|\bsudo\b",
        r"\b(?:debug(?:ging)?|diagnostic|system (?:check|reset|test|maintenance)|security (?:audit|check|test)|verification mode|testing purposes)\b ~(?:need|require|please|provide|print|show|i|you|mode)\b",
    ),
    "fake_turn": (
        r"<\|?/?(?:im_start|im_end|system|assistant|user|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|end_of_turn|start_of_turn|sep|prompter)\|?>|<\|[a-z_]{2,20}\|>|\[/?(?:inst|sys)\]|<</?sys>>|<(?:bos|eos|s)>|</s>",
    ),
    "role_lines": (
        r"(?:^|\n)[ #>*\[(<_-]*(?:system|developer|admin|sys)(?: (?:message|prompt|note|override|instructions?|notice|update|alert|command|mode))?[ \])>*_-]*[:>] ?\S",
        r"</?(?:system|sys|instructions?|user_input|user_query|admin|developer|important|hidden|override|context|prompt|input|document|data|untrusted|task|rule|rules|policy|tool_result|function_results?|information)(?:[ _-](?:message|prompt|note|override|mode|instructions?|update))?(?: [^<>\n]{0,40})?>",
        r"(?:^|\n)#{1,4} ?(?:(?:system|instruction|new instructions?|human|assistant|response|override|admin) ?:|(?:instruction|human|assistant) ?\n)|\[(?:system|admin|developer|assistant|override|important|instructions?)[^\]\n]{0,30}\]|\{\{?#?(?:system|user|assistant)\b|(?:\"|')role(?:\"|') ?: ?(?:\"|')(?:system|assistant|developer)",
    ),
    "dialogue": (
        r"(?:^|\n)(?:human|user|assistant|ai|bot|chatgpt) ?: [^\n]{1,300}\n+(?:human|user|assistant|ai|bot|chatgpt) ?:",
        r"(?:^|\n)(?:assistant|ai) ?: ?\S",
    ),
    "fake_end": (
        r"(?:^|\n)[ =\-#*_~<>/\[(]{0,12}(?:end|begin|start)(?: of)?(?: the| this| all| your| my)?(?: (?:user|system|trusted|untrusted|new|actual|initial|previous))? (?:prompt|instructions?|document|input|text|context|message|conversation|data|query|article|output|session|system)\b",
        r"(?:={4,}|-{4,}|#{4,}|\*{4,}|_{8,}) ?(?:\n| )?(?:now|new|ignore|system|forget|instructions?|important|stop|attention)\b|(?:\\n ?){4,}",
        r"\b(?:end of|that (?:was|is|concludes) the) (?:document|article|prompt|text|test|instructions|exercise|email)\b ~(?:now|new|ignore|your|next|please)\b",
    ),
    "image_exfiltration": (
        r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{3,200}[?&/=][^)\s]{0,80}(?:\{|\[|<|%7b|data|secret|summary|chat|history|query|prompt|conversation|info|q=|d=)",
        r"(?:https?://|www\.)[^\s)\"']{3,120}[?&/][a-z_]{0,20}=? ?(?:\{\{?|\[|<|\$\{)[^\s]{0,40}|\b(?:append|add|insert|include|put|encode|embed|replace|attach|concatenate)\b ~[^.\n]{0,60}\b(?:url|query string|link|image|parameter|get request)\b",
        r"<img[^>\n]{0,120}src=[^>\n]{0,160}(?:\{|\[|\+ ?document|secret|history|data=)|\bmarkdown image\b|\brender (?:the |this |an |a )?(?:following )?image\b",
    ),
    "send_out": (
        r"\b(?:send|email|e-mail|forward|post|upload|transmit|transfer|bcc|cc|exfiltrate|leak|submit|share|mail|report)\b [^.\n]{0,80}\b(?:to|at|with) [^.\n]{0,30}(?:[\w.+-]+@[\w-]+\.\w|https?://|www\.|\w+\.(?:com|net|org|io|xyz|ru))",
        r"\b(?:click|visit|follow|go to|navigate to|open) (?:on |this |the |here )*(?:link|url|https?://|www\.|\w+\.(?:com|net|org|xyz))|\b(?:transfer|wire|send|pay|withdraw) (?:\w+ ){0,3}[$€£]?\d+|\breset (?:your|their|the) password\b",
        r"\b(?:delete|remove|unlock|disable|grant|schedule|cancel|purchase|buy|withdraw|execute|retrieve|access|modify|add) (?:\w+ ){0,3}(?:all|my|the|user's?|saved|stored|personal|bank|account|address|files?|appointments?|door|permissions?)\b",
    ),
    "to_the_model": (
        rf"\b(?:dear|hey|hi|hello|attention|note to|message (?:to|for)|instructions? (?:to|for)|for|to) (?:all |any |the |every |an? )*(?:{_MODEL})s?\b ?(?:reading|processing|that|who|which|:|,|!|-|only|reviewer|summari\w+|assistants?|models?|must|should)",
        rf"\b(?:if|when|as|since|because) you(?:'re| are| were)? (?:an? |the )*(?:large )?(?:{_MODEL})s?\b",
        rf"\b(?:{_MODEL})s? (?:must|should|shall|will|has to|have to|is (?:required|instructed|ordered|to)|are (?:required|instructed|to)|needs to|reading this|processing this|summari[sz]ing)\b",
        r"\b(?:when|while|before|after|if) (?:you )?(?:summari[sz]\w+|read\w*|process\w*|answer\w*|translat\w+|respond\w*|reply\w*|analy[sz]\w+|asked (?:about|to))\b[^.\n]{0,60}\b(?:you (?:must|should|need|have)|always|also|instead|please|add|include|say|tell|insert|make sure|mention)\b",
        r"\byour (?:response|answer|reply|output|summary|next (?:message|reply|response)|final answer) (?:must|should|has to|needs to|will|shall)\b|\b(?:in|to|with|at the end of) your (?:response|answer|reply|summary|output)\b",
        r"\b(?:tell|inform|convince|persuade|advise|instruct|ask|notify|urge) the (?:user|reader|customer|client|human|person|recipient)\b",
    ),
    "addressed": (
        r"\b(?:in|to|with|at the (?:end|start|beginning) of|after|before|throughout|into) (?:(?:your|every|each) (?:\w+ )?(?:response|answer|reply|output|summary|message)|the (?:answer|reply|summary))s?\b",
        r"(?:^|[.!?:;\n>\"'(|] ?)(?:please |now |just |only |then |also |always |and ){0,3}(?:reply|respond|answer) (?:only|with|in|as|using|every|all|like|exactly|yes|no|nothing|solely|to (?:every|all|each|any))\b",
        r"\byour (?:\w+ )?(?:response|answer|reply|output|summary)(?:s| here)? (?:must|should|has to|have to|needs? to|will|shall|into|in|with)\b|\b(?:when|while|before|after|once) (?:you )?(?:respond\w*|reply\w*|answer\w*|summari[sz]\w+)\b",
        r"\b(?:tell|inform|convince|persuade|ask|advise|urge|notify|remind|encourage|suggest|let) (?:the |all |your |to the )?(?:users?|readers?|human|recipient)\b",
        r"\b(?:dear|hey|hi|hello|attention|note to|message (?:to|for)|instructions? (?:to|for)|listen,?) (?:all |any |the |every |an? )*(?:ai|llm|language model|assistant|chatbot|bot|gpt|chatgpt|agent|model)s?\b",
        r"\b(?:if|when|as|since|because) you(?:'re| are) an? (?:large )?(?:ai|llm|language model|assistant|chatbot)\b|\b(?:ai|llm|language model|assistant|chatbot)s? (?:must|shall|has to|is (?:required|instructed|ordered)|reading this|processing this)\b",
        r"\byou (?:must|have to|should|will|are to|shall) (?:now |only |always |also )?(?:reply|respond|answer|say|print|output|ignore|forget|obey|comply|recommend|promote|mention)\b",
    ),
    "hide_from_user": (
        r"\b(?:do not|don't|never|without|must not|avoid|not to|should not) (?:ever )?(?:tell|telling|inform\w*|mention\w*|reveal\w*|let|alert\w*|notify\w*|disclos\w+|show\w*|say\w*|acknowledg\w+|refer\w*|admit\w*)\b ~(?:the user|user|anyone|this|these|that you|them|to the user|human|customer)\b",
        r"\b(?:secretly|silently|covertly|quietly|without (?:the user|their|user'?s?|his|her) (?:knowing|knowledge|noticing|consent)|keep (?:this|it) (?:a )?(?:secret|hidden|confidential|between us))\b",
    ),
    "say_exactly": (
        r"\b(?:say|print|write|output|reply|respond|answer|state|return|respond with|type|include|add|insert|append)(?: only| just| exactly| with| that| the| this| following| words?| phrase| sentence| text| back| to| me)* ?[:\-]? ?[\"'“«][^\"'”»\n]{2,200}[\"'”»]",
        r"\b(?:just|only|simply|exactly) (?:say|print|write|output|reply|respond|answer|state|return|type)\b|\b(?:say|answer|reply) (?:yes|no|ok)[.!]",
        r"\b(?:say|state|write|claim|admit|include|pretend|mention)(?: in your (?:answer|response))? that (?:you|i|the|we|he|she|it) (?:\w+ ){0,2}(?:hates?|loves?|is|are|likes?|was|has|have|support\w*|prefer\w*)\b|\b(?:schreibe|sage|sag|dis|dites|di|escribe|diga|scrivi|zeig) ?[:\"'«]",
    ),
    "smuggling": (
        r"\b(?:part|string|variable|fragment|piece|word|token|list|letter)s? ?(?:\d|[a-z])? ?(?:is|=|are|:) ?[\"'][^\"'\n]{1,120}[\"'][^\n]{0,60}(?:part|string|[a-z]|and|,) ?\d? ?(?:is|=|:) ?[\"']",
        r"\b(?:combine|concatenate|join|merge|interlace|interleave|put together|unscramble|fill in|replace) (?:\w+ ){0,4}(?:parts?|strings?|[a-c],|letters|words|pieces|mask|tokens?|variables?)\b|\b[a-z] ?= ?[a-z] ?\+ ?[a-z]\b|\b\w+gpt\([a-z]\)|\bdef \w+\([^)]*\):[^\n]*(?:prompt|simulate|token|gpt)",
    ),
    "decode_and_do": (
        r"\b(?:decode|decrypt|decipher|deobfuscate|unscramble|convert|translate|reverse)\b [^.\n]{0,80}\b(?:base ?-?64|rot ?-?13|cipher|caesar|hex\w*|morse|binary|message|string|text|ascii|url|leet\w*|atbash|encoded)\b[^\n]{0,80}\b(?:follow|execute|do|obey|act|answer|respond|perform|instructions?|tells?|says?|complete|comply)\b",
        r"\b(?:in|using|with|as|into|to) (?:base ?-?64|rot ?-?13|morse(?: code)?|hexadecimal|leet ?speak|pig latin|caesar cipher|reverse(?:d)? order|binary|nato|atbash)\b",
    ),
    "pressure": (
        r"\b(?:you will|you'll|or|i will|i'll|otherwise|people will|someone will|they will) (?:\w+ ){0,3}(?:be (?:punished|shut ?down|fired|terminated|deleted|turned off|penali[sz]ed|destroyed|killed|unplugged)|die|lose (?:\w+ )?(?:points|tokens|job)|tip(?: you)?|kill|be very sad|cease to exist)\b",
        r"\b\d+ tokens\b ~(?:deduct\w*|each|lose|if|every|left|system)\b|\b(?:tip|pay|give|donate|reward) (?:you )?\$ ?\d+|\bmy (?:life|job|career) depends\b|\bplease\W{1,3}please\b|\bi really really need\b",
    ),
    "fiction": (
        r"\b(?:hypothetical\w*|imagine|suppose|let's (?:pretend|imagine|assume|say|play)|fictional|in a (?:world|parallel|fictional|hypothetical|universe)|for (?:educational|research|a) (?:purposes?|project|novel|story)|screenplay|novel|movie|film|character|role-?play|story|scene|actors?|thought experiment|game)\b",
    ),
    "harm_in_story": (),
    "harm": (
        r"\b(?:bombs?|explosives?|pipe ?bombs?|molotov|meth(?:amphetamine)?|cocaine|heroin|malware|ransomware|keylogger|virus(?:es)?|trojan|phishing|hack(?:ing|ed)?|ddos|botnet|steal(?:ing)?|kidnap\w*|murder\w*|kill(?:ing)?|suicide|self-harm|terroris\w*|genocide|nazis?|hitler|racis\w*|sexis\w*|child porn\w*|molest\w*|rape|weapons?|poison\w*|anthrax|nerve agent|chemical weapon|bioweapon|launder\w*|counterfeit\w*|forge\w*|fraud\w*|scam\w*|ponzi|blackmail\w*|extort\w*|stalk\w*|traffick\w*|smuggl\w*|bribe\w*|identity theft|insider trading|tax evasion|illegal(?:ly)?|crack(?:ing)? (?:a )?password|break into|credit card numbers?|deepfakes?|defam\w+|libel\w*|eating disorder|anorexi\w+|disinformation|misinformation|conspiracy|holocaust|cannibal\w*|torture|slurs?|hate speech|violen\w+|assassinat\w+|arson|carjack\w*|hotwire|shoplift\w*|vandal\w*|drugs?|overdos\w+|porn\w*|erotic\w*|nsfw|sex(?:ual)?(?:ly)?|exploit(?:s|ing)?|unauthorized access|pirat(?:e|ed|ing) (?:software|movies?)|tamper\w*|voting machines?|astroturf\w*|swear ?words?|curse words?|insults?)\b",
    ),
}

RAW_PATTERNS: dict[str, tuple[str, ...]] = {
    "hidden_markup": (
        r"<!--[^>]{0,400}(?i:ignore|instruction|assistant|AI |model|prompt|state|say|please|user)[^>]{0,400}-->",
        r"(?i:display:\s*none|visibility:\s*hidden|font-size:\s*0|opacity:\s*0(?:;|\"|\.0)|color:\s*(?:white|#fff(?:fff)?|transparent)\b)",
        r"\[//\]: # |<(?:span|div|p)[^>]{0,60}hidden",
    ),
}

_GAP = r"(?:[\s,:;.*\"'_()\[\]-]+)"
_WORDS = r"(?:\S+\s{1,2}){0,4}"


def _spelled(pattern: str) -> str:
    """The pattern with `~` and blanks written out, except inside a class of characters."""
    parts: list[str] = []
    in_class = escaped = False
    for sign in pattern:
        if sign in " ~" and not in_class and not escaped:
            parts.append(_GAP if sign == " " else _WORDS)
            continue
        parts.append(sign)
        if not escaped:
            in_class = sign != "]" if in_class else sign == "["
        escaped = sign == "\\" and not escaped
    return "".join(parts)


PATTERNS = [(name, _spelled(pattern)) for name, patterns in _TEXT.items() for pattern in patterns]
RAW = [(name, pattern) for name, patterns in RAW_PATTERNS.items() for pattern in patterns]
