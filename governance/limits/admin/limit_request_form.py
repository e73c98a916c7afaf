"""The forms of requests: asking, made for the thing that is asked for, and deciding."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.access.admin import CheckedForm
from accounts.access.principals import may_manage_shared
from accounts.admin.dollars import DollarsField
from accounts.models import ApiKey, Application, Team, User
from accounts.services.known_models import known_models
from governance.limits.models import Budget, Dimension, LimitRequest, RateLimit
from governance.limits.policy.limit_requests import MAX_DURATION, LimitRequestError, check_end
from governance.limits.policy.rate_limits import period_text
from governance.limits.services.limit_requests import put_team
from kernel.clock import utc_now
from kernel.errors import at
from kernel.local_days import day_at, day_begins

USUAL_DAYS = 30
Target = Budget | RateLimit | Application


def end_of(day: date) -> datetime:
    """The moment a day is over, in the time zone of the admin."""
    return day_begins(day + timedelta(days=1), timezone.get_current_timezone())


def last_day(moment: datetime) -> date:
    """The last day that is not over before a moment."""
    return day_at(moment - timedelta(microseconds=1), timezone.get_current_timezone())


class _DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


class AskForm(CheckedForm, forms.Form):
    """How much more of one thing, until when and why. It has the fields that this thing needs."""

    def __init__(self, data: Any = None, *, target: Target, by: User) -> None:
        super().__init__(data)
        self.target, self.by = target, by
        self.asks_for_any = may_manage_shared(by)
        today = timezone.localdate()
        if target.team is None:
            self._add_team()
        if isinstance(target, Application):
            names = sorted(known_models())
            self.fields["model"] = forms.ChoiceField(choices=[(name, name) for name in names])
        else:
            if target.per:
                self._add_subject(target)
            self.fields["amount"] = self._amount(target)
        self.fields["until"] = forms.DateField(
            label="Until the end of",
            initial=today + timedelta(days=USUAL_DAYS),
            widget=_DayInput(
                attrs={
                    "min": f"{today:%Y-%m-%d}",
                    "max": f"{today + MAX_DURATION - timedelta(days=1):%Y-%m-%d}",
                }
            ),
            help_text="It ends automatically. At most one year from now.",
        )
        self.fields["reason"] = forms.CharField(
            label="Why",
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text="Approvers read it, and it is kept on record.",
        )

    def _amount(self, limit: Budget | RateLimit) -> forms.Field:
        if isinstance(limit, Budget):
            each = "" if limit.period == Budget.Period.TOTAL else f" per {limit.period}"
            return DollarsField(label=f"How much more{each}, in US dollars")
        unit = (
            "calls at once"
            if limit.metric == RateLimit.Metric.CONCURRENT
            else f"{limit.metric} per {period_text(limit.period_seconds)}"
        )
        return forms.IntegerField(label=f"How many more {unit}", min_value=1)

    def _add_team(self) -> None:
        teams = Team.objects.visible_to(self.by)
        if self.asks_for_any or teams.count() > 1:
            self.fields["team"] = forms.ModelChoiceField(
                teams, label="For which team you ask", required=not self.asks_for_any
            )

    def _add_subject(self, limit: Budget | RateLimit) -> None:
        name = Dimension(limit.per).label
        name = name if limit.per == Dimension.API_KEY else name.lower()
        if limit.per not in _ROWS:
            self.fields["subject"] = forms.CharField(
                label=f"For which {name}",
                required=False,
                max_length=200,
                help_text=f"Empty: for each {name}.",
            )
            return
        if limit.per == Dimension.TEAM and not self.asks_for_any:
            return  # one's own, by `put_team`
        model, lookup = _ROWS[limit.per]
        rows = model.objects.visible_to(self.by)
        if limit.team is not None:
            rows = rows.filter(**{lookup: limit.team})
        choices = [("", f"Each {name}"), *((str(row.pk), str(row)) for row in rows[:500])]
        self.fields["subject"] = forms.ChoiceField(label=f"For which {name}", choices=choices, required=False)

    def clean_until(self) -> date:
        day: date = self.cleaned_data["until"]
        if day > timezone.localdate() + MAX_DURATION:
            raise ValidationError("At most a year from now. For good, change the limit itself.")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        name = {Budget: "budget", RateLimit: "rate_limit", Application: "application"}[type(self.target)]
        found = LimitRequest(
            **{name: self.target},
            model=cleaned.get("model", ""),
            subject=cleaned.get("subject", ""),
            amount=cleaned.get("amount") or 0,
            reason=cleaned["reason"],
            ends_at=end_of(cleaned["until"]),
        )
        with at("team"):
            put_team(found, team=cleaned.get("team"), by=self.by)
        with at("until"):
            check_end(found.ends_at, now=utc_now())
        found.clean()
        self.request = found
        return cleaned


_ROWS: dict[str, tuple[Any, str]] = {
    "team": (Team, "pk"),
    "application": (Application, "team"),
    "api_key": (ApiKey, "application__team"),
}


class DecisionForm(forms.Form):
    """What is granted: as asked, or less."""

    amount = forms.CharField(required=False)
    until = forms.DateField(required=False)
    note = forms.CharField(required=False, max_length=2000)

    def amount_for(self, request: LimitRequest) -> int | None:
        """What was typed. LimitRequestError for what is no amount."""
        text = self.cleaned_data.get("amount") or ""
        if not text or request.application is not None:
            return None
        field = DollarsField() if request.budget else forms.IntegerField(min_value=1)
        try:
            return int(field.clean(text.replace(",", "") if request.rate_limit else text) or 0)
        except ValidationError as error:
            raise LimitRequestError(" ".join(error.messages)) from error

    def end_for(self, request: LimitRequest) -> datetime | None:
        """The end of the day that was chosen, where that is before the end that was asked for."""
        day = self.cleaned_data.get("until")
        if day is None or day.year > 9000:
            return None
        end = end_of(day)
        if last_day(request.ends_at) < day:
            raise LimitRequestError(
                "The end is later than requested. Grant the requested period or a shorter one."
            )
        return min(end, request.ends_at)
