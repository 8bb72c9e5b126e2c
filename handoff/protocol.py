"""Every frame that crosses a WebSocket, for players and agents; docs/PROTOCOL.md explains them one by one.

A frame is a JSON object with `type` and `v`. Unknown fields are refused. The TypeScript types of the web pages are
generated from this module (`python -m gateway.typescript`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import Meta, Struct

from common.errors import BadFrame

VERSION = 1
MAX_TEXT = 2000  # characters of a message
MAX_PREFIX = 64  # characters that are completed; a longer text has no completions
MAX_FRAME = 65536  # bytes of a frame

# A client's own id for a command: unique per sender, repeated when the command is sent again.
CommandId = Annotated[str, Meta(min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
ChipId = Annotated[str, Meta(max_length=128)]
Page = Annotated[str, Meta(max_length=64, pattern="^[A-Za-z0-9_/.-]*$")]  # a name that the host page gives
Place = Literal["opening", "card", "answer", "completion"]  # where suggestions stand
ConversationId = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
Text = Annotated[str, Meta(max_length=4 * MAX_TEXT)]  # the limit itself is checked after trimming
Sender = Literal["player", "bot", "agent", "system"]
OwnerName = Literal["bot", "queue", "agent"]
AgentStatus = Literal["online", "busy", "break", "offline"]  # break: 小休, also after missed offers
Stars = Annotated[int, Meta(ge=1, le=5)]
RatingName = Literal["professional", "solved", "feeling", "technology", "personal"]
DispositionName = Literal["solved", "follow_up", "not_solvable", "wrong_place", "no_reply"]


class Frame(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all frames."""


# ---- parts -----------------------------------------------------------------------------------------------------


class Chip(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A suggestion to tap. `id` is `faq:<entry id>` or `intent:<intent>`; it goes back in a `pick`."""

    id: str
    text: str
    why: str = ""  # why it is shown: see docs/PROTOCOL.md, "Why a chip is shown"
    data: dict[str, Any] = {}  # what the sentence of `why` needs


class Completion(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A question that begins as the player types. `id` goes back in a `pick`."""

    id: str
    text: str
    spans: list[tuple[int, int]] = []  # the characters of `text` that were typed: start, end (exclusive)


class Image(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A picture that a player sent, as it is served at /api/images/{id}."""

    id: str
    width: int  # pixels
    height: int


class Entry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a conversation's log."""

    n: int  # 1, 2, 3 ... without gaps
    at: int  # UTC, milliseconds since 1970
    sender: Sender
    kind: Literal["text", "pick", "image", "feedback", "answer", "status"]
    text: str = ""  # text, pick, answer; Markdown when kind is answer
    name: str = ""  # the agent's display name
    id: str = ""  # the sender's own id of the message
    chips: list[Chip] = []  # answer
    faq_id: str = ""  # answer: the FAQ entry shown, so it can be rated
    entry: int = 0  # feedback: the answer it is about
    helpful: bool = False  # feedback
    chip: str = ""  # pick: the chip's id
    image: Union[Image, None] = None  # image
    event: str = ""  # status: see docs/PROTOCOL.md, "Status events"
    data: dict[str, Any] = {}  # status: what the event's sentence needs


class SummaryLine(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of the bot's summary; `refs` are the log numbers it rests on."""

    kind: Literal[
        "wish",
        "scenario",
        "quote",
        "fact",
        "question",
        "answer",
        "promise",
        "earlier",
        "tone",
        "urgency",
        "risk",
        "reason",
    ]
    refs: list[int]
    text: str = ""  # in the player's words, or a code that the desk translates
    data: dict[str, Any] = {}


class Summary(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the bot tells the agent."""

    lines: list[SummaryLine]
    upto: int  # the last log number it has seen


class QueueItem(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A conversation waiting for an agent."""

    conversation: str
    player: str
    name: str
    vip: int
    urgency: int
    reason: str  # see docs/PROTOCOL.md, "Reasons"
    since: int  # the wait clock's start, UTC milliseconds
    scenario: str = ""
    preview: str = ""  # the player's last words
    summary: bool = False  # whether the summary is there
    group: str = ""  # the skill group
    tier: int = 0
    offered_to: str = ""  # display name of the agent who is asked right now
    away: bool = False  # the player has closed the chat; their place is kept


class Stay(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long an agent had a conversation."""

    agent: str
    name: str
    since: int
    how: Literal["pull", "offer", "transfer", "takeover"]
    until: int = 0  # 0: still


class Episode(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A handoff episode."""

    id: str
    state: Literal["queued", "active", "wrap_up", "ended"]
    reason: str
    urgency: int
    requested_at: int
    scenario: str = ""
    agent: str = ""
    accepted_at: int = 0
    ended_at: int = 0
    end_reason: str = ""
    disposition: str = ""
    comment: str = ""
    summary: Union[Summary, None] = None
    score: int = 0
    rating_text: str = ""
    ratings: dict[str, int] = {}  # dimension -> 1..5
    weighted: float = 0.0  # of the five dimensions; 0: not all were rated
    group: str = ""
    tier: int = 0
    asked_tier: int = 0  # the tier at the request, whose deadlines were promised
    offers: int = 0  # how many agents were asked
    missed: int = 0  # how many of them said no or nothing
    owners: list[Stay] = []
    responded_at: int = 0  # the first message of an agent
    late: list[str] = []  # deadlines that were missed
    compensation: list[str] = []
    reasked: int = 0  # times an agent asked for what the summary already held
    reopens: str = ""  # the episode before, when it ended less than 7 days ago
    promise: str = ""  # what the agent promised when returning it to the bot


class Player(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the game's token says of a player."""

    id: str
    name: str
    vip: int = 0
    server: str = ""
    platform: str = ""
    level: int = 0  # 0: not known


class Note(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An internal note; never sent to a player."""

    n: int
    at: int
    author: str
    text: str
    id: str = ""
    kind: Literal["note", "whisper", "transfer", "invite", "promise", "alert"] = "note"
    data: dict[str, Any] = {}  # alert: {"code", ...}, for the desk to translate


class Guest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A colleague who was invited into a conversation."""

    id: str
    display: str


class OfferItem(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A conversation that this agent is asked to take, or to join."""

    id: str
    conversation: str
    kind: Literal["queue", "transfer", "invite"]
    made_at: int
    expires_at: int
    by: str = ""  # the colleague who asks
    note: str = ""
    item: Union[QueueItem, None] = None  # whom and what it is about


# ---- player to server ------------------------------------------------------------------------------------------


class PlayerHello(Frame, frozen=True, tag="hello"):
    """First frame of a player: who they are and what they have seen."""

    v: Literal[1]
    token: str
    conversation: str = ""  # the conversation that `last` belongs to
    last: Annotated[int, Meta(ge=0)] = 0
    page: Page = ""  # where in the game the chat was opened


class PlayerPage(Frame, frozen=True, tag="page"):
    """The player went to another page of the game; answered with `suggestions`."""

    v: Literal[1]
    page: Page


class PlayerComplete(Frame, frozen=True, tag="complete"):
    """What is in the field; answered with `completions` of the same `seq`, the newest one only when they come too fast."""

    v: Literal[1]
    seq: Annotated[int, Meta(ge=0)]
    prefix: Text


class PlayerShown(Frame, frozen=True, tag="shown"):
    """Suggestions that the player has seen, once for each time they are shown; neither stored in the log nor acknowledged."""

    v: Literal[1]
    place: Place
    chips: Annotated[list[ChipId], Meta(max_length=8)]


class PlayerSend(Frame, frozen=True, tag="send"):
    """A message. Sent again with the same id until it is acknowledged."""

    v: Literal[1]
    id: CommandId
    text: Text


class PlayerPick(Frame, frozen=True, tag="pick"):
    """A chip was tapped."""

    v: Literal[1]
    id: CommandId
    chip: ChipId
    place: Union[Place, Literal[""]] = ""  # where it was shown
    typed: Annotated[str, Meta(max_length=4 * MAX_PREFIX)] = ""  # completion: what was in the field


class PlayerImage(Frame, frozen=True, tag="image"):
    """A picture that POST /api/images has taken in."""

    v: Literal[1]
    id: CommandId
    image: Annotated[str, Meta(max_length=64)]


class PlayerRead(Frame, frozen=True, tag="read"):
    """The player has the log in sight up to number `n`; not acknowledged."""

    v: Literal[1]
    n: Annotated[int, Meta(ge=0)]


class PlayerHuman(Frame, frozen=True, tag="human"):
    """The button for a person."""

    v: Literal[1]
    id: CommandId


class PlayerCancelHuman(Frame, frozen=True, tag="cancel_human"):
    """No longer wants a person."""

    v: Literal[1]
    id: CommandId


class PlayerKeep(Frame, frozen=True, tag="keep"):
    """The player leaves while waiting; their place is kept and they are called at their turn."""

    v: Literal[1]
    id: CommandId


class PlayerFeedback(Frame, frozen=True, tag="feedback"):
    """有用 / 没用 under the answer with log number `entry`."""

    v: Literal[1]
    id: CommandId
    entry: Annotated[int, Meta(ge=1)]
    helpful: bool


class PlayerTicket(Frame, frozen=True, tag="ticket"):
    """Leaves a ticket instead of waiting."""

    v: Literal[1]
    id: CommandId
    text: Text


class PlayerRate(Frame, frozen=True, tag="rate"):
    """Rates an ended episode, 1 to 5."""

    v: Literal[1]
    id: CommandId
    episode: Annotated[str, Meta(max_length=64)]
    score: Stars
    text: Text = ""
    ratings: dict[RatingName, Stars] = {}  # the five dimensions, any of them


class PlayerTyping(Frame, frozen=True, tag="typing"):
    """The player types; neither stored nor acknowledged."""

    v: Literal[1]


class Ping(Frame, frozen=True, tag="ping"):
    """Keeps the connection alive; answered with `pong`."""

    v: Literal[1]


PlayerFrame = Union[
    PlayerHello, PlayerPage, PlayerComplete, PlayerShown, PlayerSend, PlayerPick, PlayerImage, PlayerRead, PlayerHuman,
    PlayerCancelHuman, PlayerKeep, PlayerFeedback, PlayerTicket, PlayerRate, PlayerTyping, Ping,
]  # fmt: skip

# ---- server to player ------------------------------------------------------------------------------------------


class PlayerWelcome(Frame, frozen=True, tag="welcome"):
    """Answer to `hello`; the entries after `last` follow."""

    v: Literal[1]
    conversation: str
    player: Player
    owner: OwnerName
    last: int  # the newest log number
    reset: bool  # the client's own copy is of no use: drop it, everything follows
    chips: list[Chip]  # 猜你想问, before the player has typed
    agent: str = ""  # the agent's display name, while owner is agent
    rate: str = ""  # an ended episode that waits for its rating
    agents_online: int = 0
    card: Union[Chip, None] = None  # a need that is near certain, shown large
    read: int = 0  # up to where an agent has read


class Suggestions(Frame, frozen=True, tag="suggestions"):
    """猜你想问 anew: the player's page has changed."""

    v: Literal[1]
    chips: list[Chip]
    card: Union[Chip, None] = None


class Completions(Frame, frozen=True, tag="completions"):
    """Answer to the newest `complete`; best first, at most eight."""

    v: Literal[1]
    seq: int
    items: list[Completion]


class Read(Frame, frozen=True, tag="read"):
    """The other side has read up to number `n`. To agents it names its conversation."""

    v: Literal[1]
    n: int
    conversation: str = ""


class EntryFrame(Frame, frozen=True, tag="entry"):
    """A log entry. To agents it names its conversation."""

    v: Literal[1]
    conversation: str
    entry: Entry


class Ack(Frame, frozen=True, tag="ack"):
    """The command `id` is stored. `n` is the log number it got, 0 when it made no entry."""

    v: Literal[1]
    id: str
    n: int
    conversation: str = ""


class Queue(Frame, frozen=True, tag="queue"):
    """Where the player stands in the queue."""

    v: Literal[1]
    position: int  # 1 is next; 0: not waiting
    since: int = 0
    agents_online: int = 0
    p50_s: int = 0  # half of such waits are over after so many seconds more; 0: not known
    p90_s: int = 0
    kept: bool = False  # the player asked to be called at their turn


class Typing(Frame, frozen=True, tag="typing"):
    """Somebody types."""

    v: Literal[1]
    sender: Sender
    conversation: str = ""


class Error(Frame, frozen=True, tag="error"):
    """A frame was refused; the connection stays unless a close frame follows."""

    v: Literal[1]
    code: str
    message: str  # English, for developers; clients translate `code`
    id: str = ""  # the command it answers
    data: dict[str, Any] = {}


class Pong(Frame, frozen=True, tag="pong"):
    """Answer to `ping`."""

    v: Literal[1]
    at: int


ToPlayer = Union[
    PlayerWelcome, Suggestions, Completions, EntryFrame, Ack, Queue, Typing, Read, Error, Pong,
]  # fmt: skip

# ---- agent to server -------------------------------------------------------------------------------------------


class AgentHello(Frame, frozen=True, tag="hello"):
    """First frame of a desk; the log-in is the session cookie."""

    v: Literal[1]


class AgentPresence(Frame, frozen=True, tag="presence"):
    """What the agent is and how many conversations they take at once."""

    v: Literal[1]
    id: CommandId
    status: AgentStatus
    capacity: Annotated[int, Meta(ge=1, le=20)]


class AgentOpen(Frame, frozen=True, tag="open"):
    """Follow a conversation: its snapshot, the entries after `last` and the notes after `last_note` are sent, then live."""

    v: Literal[1]
    conversation: ConversationId
    last: Annotated[int, Meta(ge=0)] = 0
    last_note: Annotated[int, Meta(ge=0)] = 0


class AgentLeave(Frame, frozen=True, tag="leave"):
    """Stop following a conversation."""

    v: Literal[1]
    conversation: ConversationId


class AgentAccept(Frame, frozen=True, tag="accept"):
    """Take a conversation from the queue."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId


class AgentTake(Frame, frozen=True, tag="take"):
    """Accept an offer."""

    v: Literal[1]
    id: CommandId
    offer: ConversationId


class AgentReject(Frame, frozen=True, tag="reject"):
    """Turn an offer down; somebody else is asked."""

    v: Literal[1]
    id: CommandId
    offer: ConversationId


class AgentTransfer(Frame, frozen=True, tag="transfer"):
    """Ask an agent or a group to take over; the conversation stays here until they accept."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    epoch: int
    note: Text
    agent: str = ""
    group: str = ""


class AgentCancelTransfer(Frame, frozen=True, tag="cancel_transfer"):
    """Take a transfer back that nobody has accepted yet."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId


class AgentInvite(Frame, frozen=True, tag="invite"):
    """Ask a colleague to join the conversation."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    epoch: int
    agent: str
    note: Text = ""


class AgentDismiss(Frame, frozen=True, tag="dismiss"):
    """Let a guest go; a guest names themselves to leave."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    agent: str


class AgentWhisper(Frame, frozen=True, tag="whisper"):
    """Supervisors: a note that the owner sees at once."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    text: Text


class AgentTakeOver(Frame, frozen=True, tag="take_over"):
    """Supervisors: take a colleague's conversation."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    note: Text = ""


class AgentTicket(Frame, frozen=True, tag="ticket"):
    """Open a ticket for work that outlasts the conversation."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    text: Text


class AgentSend(Frame, frozen=True, tag="send"):
    """A message to the player, under the epoch in which it was written."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    epoch: int
    text: Text


class AgentNote(Frame, frozen=True, tag="note"):
    """An internal note."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    text: Text


class AgentReturn(Frame, frozen=True, tag="return"):
    """Give the conversation back to the bot; the agent's slot is free after `wrap_up`."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    epoch: int
    promise: Text = ""  # what the player was promised; the bot says so when they come back


class AgentWrapUp(Frame, frozen=True, tag="wrap_up"):
    """Disposition of a returned conversation; frees the slot."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    disposition: DispositionName
    comment: Text = ""


class AgentClose(Frame, frozen=True, tag="close"):
    """End the conversation with a disposition; the player is asked for a rating."""

    v: Literal[1]
    id: CommandId
    conversation: ConversationId
    epoch: int
    disposition: DispositionName
    comment: Text = ""


class AgentTyping(Frame, frozen=True, tag="typing"):
    """The agent types; neither stored nor acknowledged."""

    v: Literal[1]
    conversation: ConversationId


class AgentRead(Frame, frozen=True, tag="read"):
    """The owning agent has an open conversation in sight up to number `n`; not acknowledged."""

    v: Literal[1]
    conversation: ConversationId
    n: Annotated[int, Meta(ge=0)]


AgentFrame = Union[
    AgentHello, AgentPresence, AgentOpen, AgentLeave, AgentAccept, AgentTake, AgentReject, AgentTransfer,
    AgentCancelTransfer, AgentInvite, AgentDismiss, AgentWhisper, AgentTakeOver, AgentTicket, AgentSend, AgentNote,
    AgentReturn, AgentWrapUp, AgentClose, AgentTyping, AgentRead, Ping,
]  # fmt: skip

# ---- server to agent -------------------------------------------------------------------------------------------


class Agent(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An agent's account, as the desk shows it."""

    id: str
    name: str  # log-in name
    display: str  # what players see
    role: Literal["agent", "supervisor", "admin"]


class AgentWelcome(Frame, frozen=True, tag="welcome"):
    """Answer to `hello`."""

    v: Literal[1]
    agent: Agent
    status: AgentStatus
    capacity: int
    mine: list[str]  # conversations the agent has or must still wrap up; open them


class QueueList(Frame, frozen=True, tag="queue"):
    """The queue, in the order in which it is to be taken; sent on every change."""

    v: Literal[1]
    items: list[QueueItem]
    total: int
    agents_online: int


class OfferList(Frame, frozen=True, tag="offers"):
    """This agent's pending offers, all of them; sent on every change."""

    v: Literal[1]
    items: list[OfferItem]
    status: AgentStatus  # missed offers may have changed it
    capacity: int
    load: int  # in units: a conversation is 100, a guest's part 50, an idle conversation nothing


class Conversation(Frame, frozen=True, tag="conversation"):
    """Snapshot of a conversation; sent on `open` and on every change of owner, epoch, episode or summary."""

    v: Literal[1]
    conversation: str
    player: Player
    owner: OwnerName
    epoch: int
    last: int
    agent: str = ""  # id of the owning agent
    agent_name: str = ""
    episode: Union[Episode, None] = None
    mine: bool = False
    guests: list[Guest] = []
    transfer: str = ""  # a transfer is pending: display name of the agent, or the group
    idle: bool = False  # nobody has written for a while: it takes no slot until somebody does
    promises: list[str] = []  # what earlier agents promised this player
    read: int = 0  # up to where the player has read


class NoteFrame(Frame, frozen=True, tag="note"):
    """An internal note of an open conversation."""

    v: Literal[1]
    conversation: str
    note: Note


ToAgent = Union[AgentWelcome, QueueList, OfferList, Conversation, EntryFrame, NoteFrame, Ack, Typing, Read, Error, Pong]

_decode_player = msgspec.json.Decoder(PlayerFrame)
_decode_agent = msgspec.json.Decoder(AgentFrame)
_encode = msgspec.json.Encoder()


def decode_player(raw: Union[str, bytes]) -> PlayerFrame:
    """The frame that a player sent.

    Raises:
        BadFrame: not JSON, an unknown type or field, or a value out of bounds; the message says expected and got.
    """
    frame: PlayerFrame = _decode(_decode_player, raw)
    return frame


def decode_agent(raw: Union[str, bytes]) -> AgentFrame:
    """The frame that an agent's desk sent; raises as `decode_player`."""
    frame: AgentFrame = _decode(_decode_agent, raw)
    return frame


def encode(frame: Any) -> str:
    """A frame as JSON text."""
    return _encode.encode(frame).decode()


def _decode(decoder: msgspec.json.Decoder[Any], raw: Union[str, bytes]) -> Any:
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFrame(str(error)) from error
