"""REST: how a bot answers interactions: the first answer, edits of it, and follow-ups.

These routes take no login: the interaction's token is the key.
"""

from aiohttp import web

from bot.playground.interactions.lifecycle import (
    AUTOCOMPLETE,
    COMPONENT,
    USER_INSTALL_FOLLOW_UPS,
    Interaction,
    Interactions,
)
from bot.playground.messages import bodies, schemas
from bot.playground.messages.bodies import Form
from bot.playground.messages.posting import Posting
from bot.playground.model import errors, message_payloads
from bot.playground.model.links import Links
from bot.playground.model.records import LOADING, Json, Message
from bot.playground.model.state import World
from bot.playground.rest.http import done, ok, path_id

PONG, MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES = 1, 4, 5, 6, 7, 8
"""Kinds of first answer."""
MOST_CHOICES = 25


class CallbackRoutes:
    """The bot's side of interactions."""

    def __init__(
        self, world: World, interactions: Interactions, posting: Posting, links: Links
    ) -> None:
        self._world = world
        self._interactions = interactions
        self._posting = posting
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the API's prefix."""
        webhook = "/webhooks/{webhook_id}/{webhook_token}"
        message = webhook + "/messages/{message_id}"
        return [
            web.post("/interactions/{interaction_id}/{interaction_token}/callback", self.answer),
            web.post(webhook, self.follow_up),
            web.get(message, self.get),
            web.patch(message, self.edit),
            web.delete(message, self.delete),
        ]

    # --- the first answer -------------------------------------------------------------------------

    async def answer(self, request: web.Request) -> web.Response:
        """Give an interaction its first answer."""
        token = request.match_info["interaction_token"]
        interaction = self._interactions.to_answer(path_id(request, "interaction_id"), token)
        form = await bodies.read(request, file_limit=self._world.upload_limit)
        interaction = self._interactions.to_answer(interaction.id, token)
        kind = form.payload.get("type")
        data = form.payload.get("data") or {}
        if not isinstance(kind, int) or not isinstance(data, dict):
            raise _wrong_kind()
        if kind == CHOICES and interaction.kind == AUTOCOMPLETE:
            self._suggest(interaction, data)
        elif kind == PONG:
            self._interactions.answered(interaction)
        elif interaction.kind != AUTOCOMPLETE:
            self._reply(interaction, kind, Form(data, form.files))
        else:
            raise _wrong_kind()
        if request.query.get("with_response", "").lower() not in {"1", "true"}:
            return done()
        return ok(self._response(interaction, kind))

    def _suggest(self, interaction: Interaction, data: Json) -> None:
        choices = data.get("choices") or []
        if len(choices) > MOST_CHOICES:
            sentence = f"Must be {MOST_CHOICES} or fewer in length."
            raise errors.invalid("data.choices", "BASE_TYPE_MAX_LENGTH", sentence)
        for index, choice in enumerate(choices):
            if not 1 <= len(str(choice.get("name") or "")) <= 100:
                raise errors.invalid(
                    f"data.choices.{index}.name",
                    "BASE_TYPE_BAD_LENGTH",
                    "Must be between 1 and 100 in length.",
                )
        self._interactions.choices(interaction, choices)

    def _reply(self, interaction: Interaction, kind: int, form: Form) -> None:
        schemas.check(form.payload)
        flags = int(form.payload.get("flags") or 0)
        if kind == MESSAGE:
            self._write(interaction, form, flags, loading=False)
        elif kind == DEFERRED_MESSAGE:
            self._write(interaction, Form({"flags": flags}), flags, loading=True)
        elif kind in {DEFERRED_UPDATE, UPDATE} and interaction.kind == COMPONENT:
            assert interaction.source is not None
            if kind == UPDATE:
                self._posting.edit(interaction.source, form)
            interaction.original = interaction.source
            self._interactions.answered(interaction)
        else:
            raise _wrong_kind()

    def _write(self, interaction: Interaction, form: Form, flags: int, *, loading: bool) -> None:
        occasion = self._interactions.occasion(interaction, flags, loading=loading)
        self._check_place(interaction)
        author = self._world.bot
        message = self._posting.create(interaction.channel, author, form, occasion)
        interaction.original = message
        self._interactions.answered(interaction)

    def _check_place(self, interaction: Interaction) -> None:
        if interaction.channel.id not in self._world.channels:
            raise errors.unknown("channel")

    def _response(self, interaction: Interaction, kind: int) -> Json:
        told: Json = {"id": str(interaction.id), "type": interaction.kind}
        message = interaction.original
        if message is None:
            return {"interaction": told}
        told |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.flags & LOADING),
            "response_message_ephemeral": message.for_whom is not None,
            "channel_id": str(message.channel.id),
        }
        if message.channel.guild is not None:
            told["guild_id"] = str(message.channel.guild.id)
        if kind not in {MESSAGE, UPDATE}:
            return {"interaction": told}
        return {"interaction": told, "resource": {"type": kind, "message": self._shown(message)}}

    def _shown(self, message: Message) -> Json:
        return message_payloads.message(message, self._links, viewer=self._world.bot)

    # --- afterwards -------------------------------------------------------------------------------

    def _interaction(self, request: web.Request) -> Interaction:
        if path_id(request, "webhook_id") != self._world.application.id:
            raise errors.unknown("webhook")
        return self._interactions.by_token(request.match_info["webhook_token"])

    def _message(self, request: web.Request) -> Message:
        interaction = self._interaction(request)
        if request.match_info["message_id"] == "@original":
            message = interaction.original
        else:
            message = interaction.channel.messages.get(path_id(request, "message_id"))
        gone = message is None or message.id not in message.channel.messages
        if message is None or gone or message.author is not self._world.bot:
            raise errors.unknown("message")
        return message

    async def follow_up(self, request: web.Request) -> web.Response:
        """Answer once more; the first time after deferring, this is the deferred answer."""
        interaction = self._interaction(request)
        form = await bodies.read_message(request, file_limit=self._world.upload_limit)
        original = interaction.original
        if original is not None and original.flags & LOADING:
            if original.id not in original.channel.messages:
                raise errors.unknown("message")
            self._posting.edit(original, form, finished=True)
            return ok(self._shown(original))
        self._check_place(interaction)
        if interaction.only_by_user and interaction.follow_ups >= USER_INSTALL_FOLLOW_UPS:
            raise errors.too_many_follow_ups()
        flags = int(form.payload.get("flags") or 0)
        occasion = self._interactions.occasion(interaction, flags)
        message = self._posting.create(interaction.channel, self._world.bot, form, occasion)
        interaction.follow_ups += 1
        return ok(self._shown(message))

    async def get(self, request: web.Request) -> web.Response:
        """Return an answer."""
        return ok(self._shown(self._message(request)))

    async def edit(self, request: web.Request) -> web.Response:
        """Change an answer; a deferred one is finished by that."""
        self._interaction(request)
        form = await bodies.read_message(request, file_limit=self._world.upload_limit)
        message = self._message(request)
        self._posting.edit(message, form, finished=bool(message.flags & LOADING))
        return ok(self._shown(message))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete an answer."""
        self._posting.delete(self._message(request))
        return done()


def _wrong_kind() -> errors.ApiError:
    return errors.invalid("type", "BASE_TYPE_CHOICES", "This answer does not fit the interaction.")
