"""Words by which apps call their users, owners, editors and addresses, in the languages in which they are written."""

import re
from collections.abc import Iterable

from etl_assets.init.names import bare, singular, snake

USERS_WORDS = (
    "users user accounts account customers customer members member people persons person clients client subscribers "
    "subscriber kunden kunde benutzer nutzer mitglieder mitglied usuarios usuario clientes cliente miembros socios "
    "utilisateurs utilisateur clients membres utenti utente clienti gebruikers gebruiker klanten leden uzytkownicy "
    "anvandare brukere brugere kayttajat"
).split()
# Users of another kind than the app's own, or on their way to become some.
NOT_THE_USERS = frozenset(
    "admin admins superuser superusers staff temp tmp guest guests invited invite invites pending deleted archived old "
    "backup test bot bots anonymous api service system former".split()
)
OWNER_STEMS = frozenset(
    "user usr owner customer account member client uid profile person subscriber buyer patient student pupil "
    "tenant_user benutzer nutzer kunde kunden mitglied besitzer usuario usuaria propietario dueno cliente miembro "
    "socio titular studente studentessa alunno alunna alumno estudiante aluno eleve etudiant schueler leerling "
    "uczen paciente paziente utilisateur proprietaire membre utente proprietario gebruiker eigenaar klant".split()
)
MAKER_STEMS = frozenset(
    "from created_by author creator created maker writer uploaded_by uploader posted_by poster sender sent_by "
    "reporter reported_by submitter submitted_by requester requested_by placed_by ordered_by booked_by added_by "
    "inserted_by entered_by registered_by opened_by started_by user_created created_by_user author_user follower "
    "follower_user inviter invited_by voter rater liker autor autora verfasser ersteller absender erstellt_von "
    "angelegt_von creado_por creador remitente criado_por auteur expediteur cree_par autore creato_da "
    "aangemaakt_door initiator issuer host organizer organiser seller blocker actor performed_by crt_usr crt_user "
    "crt_by cre_by cre_user ins_usr ins_by done_by recorded_by logged_by".split()
)
# Who did something to a row that is somebody else's.
OTHER_STEMS = frozenset(
    "to in_reply_to updated_by updater updated modified_by modifier modified last_modified_by last_updated_by "
    "last_edited_by edited_by editor changed_by changer user_updated approved_by approver accepted_by assigned_to "
    "assignee assigned assigned_by assigner reviewed_by reviewer recipient receiver received_by to_user addressee "
    "published_by publisher deleted_by deleter cancelled_by canceled_by closed_by closer resolved_by resolver "
    "moderated_by moderator processed_by processor handled_by handler verified_by verifier checked_by checker "
    "confirmed_by friend followed followee following follow followed_user target blocked muted mentioned invitee "
    "invited referred referrer with with_user against about upd_usr upd_user upd_by mod_usr mod_by chg_by related "
    "other second peer counterpart opponent winner loser matched last_poster used_by redeemed_by locked_by locker "
    "archived_by archiver granted_by granter revoked_by signed_by completed_by finished_by supervisor manager "
    "agent support_rep sales_rep salesperson operator responsible contact parent partner spouse bearbeiter "
    "bearbeitet_von geaendert_von genehmigt_von empfaenger pruefer freund zugewiesen_an aprobado_por "
    "modificado_por editado_por revisor destinatario amigo asignado_a publicado_por modifie_par approuve_par "
    "destinataire relecteur ami modificato_da approvato_da gewijzigd_door ontvanger".split()
)
ID_TAIL = re.compile(r"_?(id|uid|uuid|guid|pk|nr|no|ref|key)$")
ID_HEAD = re.compile(r"^id_(?=.)")  # `id_usuario`, `IdClient`

PLAIN_EMAILS = (
    "email e_mail mail email_address emailaddress mail_address e_mail_address correo correo_electronico "
    "courriel adresse_mail email_adresse posta epost e_post mejl"
).split()
OWN_PREFIXES = frozenset("user login account customer member client primary main auth person kunden usuario".split())
# Addresses of somebody else, of another time or another use than to log in.
SECOND_EMAILS = frozenset(
    "recovery backup alternate alternative alt secondary second work business office company billing invoice "
    "contact parent guardian mum mother father partner emergency old previous former new pending unconfirmed support "
    "notification notifications paypal payment payout reply replyto normalized normalised lower canonical hashed "
    "public private_relay invited referrer friend alternativo alternativa secundario recuperacion secours "
    "zweite rechnung".split()
)

CREATED_STEMS = frozenset(
    "created create creation createdat joined join registered register registration registrated signup sign_up "
    "signed_up inserted added user_registered member_since since first_seen regdate reg crt cre ins registrazione "
    "iscrizione creazione cadastro criacao inscripcion creacion registro registrierung anmeldung rejestracji "
    "angelegt erstellt registriert creado creada criado criada cree inscrit inscription registrado alta "
    "aangemaakt skapad".split()
)
TIME_TAILS = frozenset(
    "at on am en em le op time date datetime ts unix epoch timestamp ticks ms us ns s sec secs seconds utc gmt since "
    "fecha datum data dt tms tstamp".split()
)
VERIFIED_WORDS = (
    "verified confirmed validated activated verificado verificada confirmado confirmada verifie confirme bestaetigt "
    "verifiziert".split()
)


def stem_of(column: str) -> str:
    """A column's name without what says that it is an id: `ownerUid` becomes owner, `created_by_id` created_by."""
    name = bare(column)
    return ID_TAIL.sub("", ID_HEAD.sub("", name)) or name


def users_rank(table: str) -> int | None:
    """How much a table's name says that it holds the users: 0 is best, None says nothing."""
    words = snake(table).split("_")
    found = [USERS_WORDS.index(word) for word in words if word in USERS_WORDS]
    if not found or words[-1] not in (*USERS_WORDS, "entity", "entities", "table", "data", "info", "list", "tbl"):
        return None
    return min(found) + (0 if len(words) == 1 else len(USERS_WORDS))


def is_of_another_kind(table: str) -> bool:
    """True for names such as temp_user, admin_users: they sign in elsewhere, or not yet."""
    return bool(NOT_THE_USERS & set(snake(table).split("_")))


OWNER, MAKER, SOMEBODY, UNKNOWN, OTHER = range(5)
LATER_WORDS = frozenset("last latest recent previous prev former next current".split())


def role_of(column: str, *, users: Iterable[str] = (), key: str = "id") -> int:
    """What a column of user ids says by its name: the owner, who made the row, nothing, or who else touched it.

    Args:
        column: its name.
        users: the names of the users table, one of which the column may carry.
        key: what the users' own key is called, which the column may be called too.
    """
    stem = stem_of(column)
    if bare(column) == bare(key) and stem not in ("id", "uuid", "guid", "key", "code", "name", "nr", "no", "number"):
        return OWNER
    own = OWNER_STEMS | {name for table in users for name in (snake(table), singular(snake(table)))}
    if stem in own:
        return OWNER
    for role, stems in ((OTHER, OTHER_STEMS), (MAKER, MAKER_STEMS)):
        if stem in stems:
            return role
    return _by_its_words(stem, own)


def _by_its_words(stem: str, own: set[str] | frozenset[str]) -> int:
    """`post_author` by its end, `target_account` by its beginning; `app_user` is somebody."""
    words = stem.split("_")
    ends = ["_".join(words[place:]) for place in range(1, len(words))]
    starts = ["_".join(words[:place]) for place in range(1, len(words))]
    if (
        LATER_WORDS & set(words)
        or any(end in OTHER_STEMS for end in ends)
        or any(start in OTHER_STEMS for start in starts)
    ):
        return OTHER
    if any(end in MAKER_STEMS for end in ends) or any(start in MAKER_STEMS for start in starts):
        return MAKER
    # `memberMemberId`, as TypeORM writes it, is still the member.
    if len(set(words)) == 1 and words[0] in own:
        return OWNER
    # `vote_user`, `app_user`, `topic_poster`: some user, who no other word says had to do with it later.
    return SOMEBODY if words[-1] in own else UNKNOWN


SURE, OWN, SOME, SECOND = range(4)


def email_rank(column: str) -> int:
    """How surely an address is the one that its user logs in with: `email` first, `billing_email` last."""
    name = bare(column)
    if name in PLAIN_EMAILS:
        return SURE
    words = set(name.replace("e_mail", "email").split("_"))
    rest = words - {"email", "mail", "address", "correo", "adresse"}
    if rest & SECOND_EMAILS and rest < words:
        return SECOND
    return OWN if rest and rest <= OWN_PREFIXES else SOME


def says_signup(column: str) -> bool:
    """True for names such as date_joined, created_unix, CreatedTicks, angelegt_am."""
    name = bare(column)
    words = [word for word in name.split("_") if word not in TIME_TAILS]
    while len(words) > 1 and words[0] in OWN_PREFIXES:
        words = words[1:]
    return "_".join(words) in CREATED_STEMS or name in CREATED_STEMS
