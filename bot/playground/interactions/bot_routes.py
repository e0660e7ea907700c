"""REST: how a bot answers interactions: the first answer, edits of it, and follow-ups.

These routes take no login: the interaction's token is the key.
"""

from aiohttp import web

from bot.playground.interactions import schemas
from bot.playground.interactions.lifecycle import (
    AUTOCOMPLETE,
    MODAL,
    USER_INSTALL_FOLLOW_UPS,
    Interaction,
    Interactions,
)
from bot.playground.messages import bodies, building
from bot.playground.messages import schemas as message_schemas
from bot.playground.messages.bodies import Form
from bot.playground.messages.components import Modal
from bot.playground.messages.limits import check_components
from bot.playground.messages.posting import Posting
from bot.playground.model import errors, message_payloads
from bot.playground.model.fields import require_form
from bot.playground.model.links import Links
from bot.playground.model.records import LOADING, Json, Message
from bot.playground.model.state import World
from bot.playground.rest.http import done, ok, path_id

PONG, MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, OPEN_MODAL = 1, 4, 5, 6, 7, 8, 9
"""Kinds of first answer."""


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
        require_form(form.payload, schemas.Callback)
        kind: int = form.payload["type"]
        data: Json = form.payload.get("data") or {}
        suggests = interaction.kind == AUTOCOMPLETE
        if kind != PONG and (kind == CHOICES) != suggests:
            raise _wrong_kind()
        try:
            self._carry_out(interaction, kind, Form(data, form.files))
        except errors.ApiError as error:
            if "errors" in error.extra:
                error.extra = {"errors": {"data": error.extra["errors"]}}
            raise
        if request.query.get("with_response", "").lower() not in {"1", "true"}:
            return done()
        return ok(self._response(interaction, kind))

    def _carry_out(self, interaction: Interaction, kind: int, form: Form) -> None:
        if kind == PONG:
            self._interactions.answered(interaction)
        elif kind == CHOICES:
            require_form(form.payload, schemas.Suggestions)
            self._interactions.choices(interaction, form.payload.get("choices") or [])
        elif kind == OPEN_MODAL:
            self._open_modal(interaction, form.payload)
        else:
            message_schemas.check(form.payload)
            self._reply(interaction, kind, form)

    def _open_modal(self, interaction: Interaction, modal: Json) -> None:
        if interaction.kind == MODAL:
            raise _wrong_kind()
        require_form(modal, Modal)
        complaints = errors.ValidationErrors()
        check_components(complaints, modal["components"], second=True)
        complaints.close()
        components = building.components(modal["components"])
        self._interactions.open_modal(interaction, {**modal, "components": components})

    def _reply(self, interaction: Interaction, kind: int, form: Form) -> None:
        flags = int(form.payload.get("flags") or 0)
        if kind == MESSAGE:
            self._write(interaction, form, flags, loading=False)
        elif kind == DEFERRED_MESSAGE:
            self._write(interaction, Form({"flags": flags}), flags, loading=True)
        elif interaction.source is not None:
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
            raise errors.unknown("Channel")

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
            raise errors.unknown("Webhook")
        return self._interactions.by_token(request.match_info["webhook_token"])

    def _message(self, request: web.Request) -> Message:
        interaction = self._interaction(request)
        if request.match_info["message_id"] == "@original":
            message = interaction.original
        else:
            message = interaction.channel.messages.get(path_id(request, "message_id"))
        gone = message is None or message.id not in message.channel.messages
        if message is None or gone or message.author is not self._world.bot:
            raise errors.unknown("Message")
        return message

    async def follow_up(self, request: web.Request) -> web.Response:
        """Answer once more; the first time after deferring, this is the deferred answer."""
        interaction = self._interaction(request)
        form = await bodies.read_message(request, file_limit=self._world.upload_limit)
        original = interaction.original
        if original is not None and original.flags & LOADING:
            if original.id not in original.channel.messages:
                raise errors.unknown("Message")
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
