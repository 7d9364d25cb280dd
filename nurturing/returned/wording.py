# ruff: noqa: E501 -- wordings of one reason stand together
"""The words in which mail systems say what happened. Data: one line a wording, matched without regard to case.

Blanks match any run of blanks. A wording belongs to the reason that decides what to do with the address.
"""

import re

WORDINGS = {
    # The mailbox has no room: the person is there.
    "full": r"""
        (mail|in|message )box( \S+)? (is |has been |was )?(full|over|exceed)|mailbox for user is full|full mailbox
        (over|exceed\w*|out of)( \S+){0,3} (quota|storage|disk)|(quota|storage|disk space)( \S+){0,4} (exceed|is full|reached|violation)
        quota exceed|over ?quota|mailfolder is full|not enough storage|storage (limit|quota)|insufficient (disk|storage)
        maximum (mailbox|storage)|space (for|left)|inbox is (currently )?full|out of (disk )?space|too much mail|容量|いっぱい
        überfüllt|buzón lleno|bo[iî]te pleine|почтовый ящик переполнен|переполнен
    """,
    # Our side, our content, our reputation: the address may be perfectly good.
    "policy": r"""
        spam|\bUBE\b|blacklist|blocklist|block list|denylist|\bRBL\b|dnsbl|blocked (using|by|for)|(ip|address|host|sender|client)( \S+){0,3} (blocked|banned)
        banned|reputation|polic(y|ies)|dmarc|\bspf\b|dkim|unauthenticated|authenticat|reverse dns|\bPTR\b|rDNS|ip name lookup failed
        virus|malware|infected|content (was |is )?rejected|message (was )?rejected|mail (was )?rejected|mail rejete|rejected for
        relay(ing)? (not |is )?(denied|permitted|access)|(no|not|insecure|open|unable to|cannot)( \S+){0,2} relay|relay(ing)? denied|no relaying
        access denied|not (authori[sz]ed|allowed|permitted)|unauthori[sz]ed|rate ?limit|frequency limited|too many|at a rate that|throttl
        recipient preferences|refused due to|not a member|permission to (post|send)|user complaints|header error|rfc ?\d+ compliant
        service refus|not accepted from|please use the smtp server|invalid ip for|message (is )?too (big|large)|message size|size limit|line limit
        exceeds (fixed|limit|the)|only accepts|unsolicited|suspicious|security|not our customer|address is not verified|does not support
        senders?( \S+){0,4} (rejected|denied|blocked|refused|unknown|invalid|verif)|(sender|mailfrom|mail from|return.path)( \S+){0,3} (address|domain|does)|unroutable sender
        domain of sender|envelope sender|verify sender|protocol (error|violation)|syntax error|command (parameter )?not implemented|sequence of commands|delivery not auth
    """,
    # Closed for now by its owner or host. Often opened again: counted, not struck off.
    "closed": r"""
        (account|mailbox|user|recipient|address)( \S+){0,7} (disabled|suspended|inactive|locked|frozen|blocked|deactivated|discontinued|on hold)
        (disabled|suspended|inactive|locked|frozen|deactivated)( \S+){0,2} (account|mailbox|user|recipient|address)|not accepting (mail|messages)|\bon hold\b
        account expired|has been (disabled|suspended|deactivated)|vacation
    """,
    # A program beside the mailbox failed: says nothing of the address.
    "system": r"""
        procmail|maildrop|mailer error|pipe to|command died|internal (system |server )?error|configuration error|config error|local error|system error
        i/o error|loops? back|mail loop|too many hops|routing loop|service (currently |temporarily )?(unavailable|not available)|insecure|out of memory|can't create|couldn't create
        advertise auth|misconfigured|unspecified error|alias loop
    """,
    # Nobody lives at that domain, or it takes no mail.
    "no_host": r"""
        (host|domain)( name)?( \S+){0,4} (unknown|not found|not exist|does ?n[o']t exist|could not be found)|domain( \S+){0,2} not reachable
        (unknown|no such|invalid|non.?existent|bad) (mail )?(host|domain)|no mx (found|record)|couldn.t find (a|any) (mail exchanger|host)|nxdomain|no route to domain
        name (service )?(or service not known|does not resolve)|unrouteable (mail )?(domain|address)|unroutable (mail )?(domain|address)|does ?n.t (receive|accept) e?mail
        domain( \S+){0,3} (is )?not (valid|configured|hosted|local)|account or domain may not exist|null ?mx|host/domain does not accept|illegal host|address resolution
        cannot find your host|all relevant mx records point to non.existent
    """,
    # Nobody has that address.
    "no_user": r"""
        (user|recipient|mailbox|account|address|addressee|alias|name|person|local.?part|subscriber)( \S+){0,6} (unknown|not found|not exist|not known|(does|did|do) ?n.t exist|(does|did) not exist|not listed|not recogni[sz]ed|no longer|invalid|not valid|unavailable|not available|not in (the|our)|could ?n.t be found|could not be found)
        (unknown|no such|invalid|illegal|non.?existent|bad|incorrect|not a valid|undefined)( or \S+)?( \S+){0,2} (user|recipient|mailbox|account|address|addressee|alias|person|local.?part|name)
        no( \S+)? (mailbox|account|user|recipient)( \S+)? (here|by that|with that|named|found|exist)|not our (user|customer)|(user|recipient) not (exist|local|here)
        user ?unknown|unknown ?(user|recipient)|does ?n.t have an? \S+ account|not listed in|not in (directory|address book)|RecipNotFound|RecipientNotFound|ADR\.\w*NotFound
        recipient address rejected\.?\s*$|address rejected\.?\s*$|address (is )?(possibly )?incorrect|has moved|no longer (on|at|with|works|employed|in use|available|active|valid|exist)|left the (company|organi)|answer=6596|mailbox unavailable|no valid recipients
        無効|見つかりません|存在しません|n'existe pas|inconnu|invalide|unbekannt|existiert nicht|desconocid|no existe|não existe|inesistente|sconosciut|не найден|не существует|несуществующ|(地址|用户|用戶|收件人)( \S+)?不存在|존재하지
    """,
    # Gave up waiting, or is still waiting.
    "waiting": r"""
        timed? ?out|time limit|expired|too long|will be retried|retry (timeout|time)|giving up|delayed|deferred|try again|not respond|no response|temporar|greylist|graylist
        lost connection|connection (was )?(refused|reset|dropped|closed|lost)|could ?n.t establish|wasn.t able to establish|(network|host) (is )?(unreachable|not reachable)|not accept our requests|still being retried
        not( \S+){0,2} within|socket error|no smtp connection
    """,
}


def _pattern(lines: str) -> re.Pattern[str]:
    joined = "|".join(line.strip() for line in lines.strip().splitlines())
    return re.compile(joined.replace(" ?", r"\s*").replace(" ", r"\s+"), re.IGNORECASE | re.MULTILINE)


REASONS = {reason: _pattern(lines) for reason, lines in WORDINGS.items()}

FAILED_SUBJECT = re.compile(
    r"undeliver|not delivered|non.?deliver|delivery (status|fail|problem|has failed|notification|report|delay)|failed delivery|failure deliver|"
    r"(mail|message|e.?mail)( \S+){0,3} (delivery|returned|failed|failure|undeliver)|returned (mail|to sender)|returning (message )?to sender|failure notice|"
    r"mail (system )?error|could not be delivered|could ?n.t be delivered|delayed mail|error sending|"
    r"unzustellbar|nicht zustellbar|zustellung|non remis|non distribu|échec|no entregad|no se pudo entregar|mancata consegna|não entregue|"
    r"не доставлен|配信|送信でき|未送達|エラー|退信",
    re.IGNORECASE,
)
FAILED_WORDS = re.compile(
    r"(could|can|was|were|has|have|is|been)\s?(not|n.t)\s+(yet\s+)?(be(en)?\s+)?(deliver|sent|reach)|unable\s+to\s+deliver|not\s+able\s+to\s+deliver|"
    r"deliver(y|ing)(\s+\S+){0,8}\s+(fail|delayed|problem)|fail(ed|ure)(\s+\S+){0,4}\s+deliver|did\s+not\s+reach|undeliver|permanent(ly)?\s+(fatal\s+)?(error|fail)|"
    r"returned?\s+(mail|to\s+sender)|rejected\s+(by|recipient|for)|transcript\s+of\s+session|failure\s+reasons|error\s+deliver|trouble\s+delivering|"
    r"unknown\s+user|user\s+unknown|no\s+such\s+user|requested\s+action\s+not\s+taken|no\s+longer\s+in\s+service|delivery\s+status\s+notification|smtp\s+error|message\s+log",
    re.IGNORECASE,
)
DAEMON = re.compile(
    r"mailer.?daemon|mail.?daemon|post.?master|mail.?delivery|maildeliver|mail\s+system|mail\s+admin|double-bounce|system\s+administrator",
    re.IGNORECASE,
)
AWAY_SUBJECT = re.compile(
    r"^\W*(auto(matic|matische|matica|mático|mática|matique)?.?\s?(re(ply|sponse|spons|sponder)|antwort|answer|matisk|svar)|"
    r"automat\w+\s+(reply|response|antwort|svar|respuesta|risposta|resposta|odpowied\w|vastaus)|r[eé]ponse\s+automatique|respuesta\s+autom|risposta\s+autom|resposta\s+autom|"
    r"odpowied[zź]\s+automat|автоответ|автоматическ|自動(応答|返信|回复|回覆)|自动回复|자동\s?(응답|회신)|"
    r"out\s+of\s+(the\s+)?office|away\s+(from|until|on)|on\s+(vacation|holiday|leave)|vacation|abwesen|absen(ce|t|za)|fuera\s+de|fuori\s+(sede|ufficio)|urlaub|afwezig|"
    r"i\s?(am|'m)\s+(away|out)|不在|休暇)",
    re.IGNORECASE,
)
