import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import governance.limits.models.budget
import governance.records.models.blank_record
import kernel.migrations
import kernel.triggers
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        kernel.migrations.CreatePartitionedModel(
            name='AuditContent',
            fields=[
                ('call_id', models.UUIDField(primary_key=True, serialize=False)),
                ('team_id', models.BigIntegerField(null=True)),
                ('kept_until', models.DateTimeField(help_text='Let go then. Null: it stays.', null=True)),
                ('request', models.TextField(blank=True, help_text='JSON: the conversation as the model saw it.')),
                ('answer', models.TextField(blank=True, help_text='JSON: the content blocks of the answer, placeholders in place.')),
                ('xact_id', models.BigIntegerField(db_default=django.db.models.functions.comparison.Cast(django.db.models.functions.comparison.Cast(models.Func(function='pg_current_xact_id'), models.TextField()), models.BigIntegerField()), editable=False)),
            ],
        ),
        kernel.migrations.CreatePartitionedModel(
            name='AuditRecord',
            fields=[
                ('call_id', models.UUIDField(primary_key=True, serialize=False, verbose_name='call ID')),
                ('started_at', models.DateTimeField()),
                ('feature', models.CharField(blank=True, max_length=200)),
                ('end_user', models.CharField(blank=True, max_length=200)),
                ('wire_format', models.CharField(choices=[('openai', 'OpenAI'), ('anthropic', 'Anthropic'), ('converse', 'Bedrock Converse'), ('websocket', 'WebSocket'), ('prompt', 'Prompt')], max_length=16, verbose_name='format')),
                ('is_stream', models.BooleanField(verbose_name='streamed')),
                ('status', models.CharField(choices=[('succeeded', 'Succeeded'), ('refused', 'Refused'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('expired', 'Expired')], max_length=16)),
                ('http_status', models.PositiveSmallIntegerField(verbose_name='HTTP status')),
                ('code', models.CharField(blank=True, help_text="The refusal's code.", max_length=64)),
                ('message', models.TextField(blank=True, help_text='What the caller was told.')),
                ('requested_model', models.CharField(blank=True, max_length=300)),
                ('route', models.CharField(blank=True, max_length=200)),
                ('model', models.CharField(blank=True, max_length=200)),
                ('region', models.CharField(blank=True, max_length=32)),
                ('invoke_id', models.CharField(blank=True, max_length=300)),
                ('upstream_request_id', models.CharField(blank=True, max_length=100)),
                ('tier', models.CharField(blank=True, help_text='The price tier. Empty: standard.', max_length=16)),
                ('price_id', models.BigIntegerField(help_text='The price in force when the call was admitted.', null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('stop_reason', models.CharField(blank=True, max_length=64)),
                ('input_tokens', models.IntegerField(default=0)),
                ('output_tokens', models.IntegerField(default=0)),
                ('cache_read_tokens', models.IntegerField(default=0)),
                ('cache_write_tokens', models.IntegerField(default=0)),
                ('cache_write_1h_tokens', models.IntegerField(default=0, help_text='Those of the above kept for an hour.')),
                ('images', models.IntegerField(default=0)),
                ('max_tokens', models.IntegerField(default=0, help_text='Tokens the answer was allowed.')),
                ('counted_input_tokens', models.IntegerField(default=0, help_text='Estimated before the call.')),
                ('reserved_nanos', models.BigIntegerField(default=0, verbose_name='reserved')),
                ('cost_nanos', models.BigIntegerField(default=0, verbose_name='cost')),
                ('is_estimated', models.BooleanField(default=False, verbose_name='estimated')),
                ('duration_ms', models.FloatField(default=0)),
                ('first_token_ms', models.FloatField(null=True)),
                ('stages', models.JSONField(default=list, help_text='[[stage, milliseconds, outcome], …] in order.')),
                ('findings', models.JSONField(default=dict, help_text='{kind: count} of the personal data that was found in the request.')),
                ('checks', models.JSONField(default=dict, help_text='Which policies held, what was checked, on how much of the text, and what came of it. Never values.')),
                ('is_flagged', models.BooleanField(default=False, verbose_name='flagged for review')),
                ('request_id', models.CharField(blank=True, max_length=200, verbose_name='request ID')),
                ('client_ip', models.GenericIPAddressField(null=True)),
                ('is_demo', models.BooleanField(default=False)),
                ('prompt_digest', models.CharField(blank=True, help_text='Keyed hash of what was sent: equal prompts of a team have equal ones.', max_length=32)),
                ('prefix_digest', models.CharField(blank=True, help_text='Keyed hash of tools and system prompt, which a cache could keep.', max_length=32)),
                ('prefix_tokens', models.IntegerField(default=0, help_text='About how many tokens tools and system prompt have.')),
                ('prompt_id', models.BigIntegerField(help_text='The prompt that was run, if one was.', null=True)),
                ('prompt_name', models.CharField(blank=True, max_length=100, verbose_name='prompt')),
                ('prompt_version', models.PositiveIntegerField(null=True)),
                ('prompt_label', models.CharField(blank=True, max_length=50)),
                ('prompt_run', models.JSONField(default=dict, help_text='How the prompt was run: experiment and arm, rollout, output contract, sources. Never values.')),
                ('body', models.CharField(blank=True, choices=[('redacted', 'Redacted'), ('raw', 'Redacted, and raw under encryption'), ('no_key', "Redacted only: raw was asked for, but the team's key could not be used"), ('sampled_out', 'Not stored: not in the sample'), ('none', 'Not stored: storage is switched off'), ('not_redacted', 'Not stored: the call was refused before its text was redacted'), ('lost', 'Not stored: the database of bodies could not be reached')], max_length=16)),
                ('body_until', models.DateTimeField(help_text='Not in the sample: the body is let go then, unless it is marked to stay.', null=True)),
                ('xact_id', models.BigIntegerField(db_default=django.db.models.functions.comparison.Cast(django.db.models.functions.comparison.Cast(models.Func(function='pg_current_xact_id'), models.TextField()), models.BigIntegerField()), editable=False)),
            ],
            options={
                'verbose_name': 'call',
                'ordering': ('-call_id',),
            },
        ),
        migrations.CreateModel(
            name='AwsImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('invocations', 'Invocation log'), ('costs', 'Bill')], max_length=16)),
                ('source', models.CharField(help_text='Where it was read: s3://bucket/key, or a file.', max_length=1100)),
                ('digest', models.CharField(help_text="Its ETag, or a file's SHA-256: read once.", max_length=80)),
                ('report', models.CharField(blank=True, help_text='Of a bill: the folder of its month, which AWS sends whole each time.', max_length=1100)),
                ('modified_at', models.DateTimeField(help_text='When AWS wrote it.', null=True)),
                ('is_current', models.BooleanField(default=True, help_text='No later delivery has taken its place.')),
                ('lines', models.BigIntegerField(default=0)),
                ('taken', models.BigIntegerField(default=0)),
                ('duplicates', models.BigIntegerField(default=0)),
                ('rejected', models.BigIntegerField(default=0)),
                ('matched', models.BigIntegerField(default=0)),
                ('corrected', models.BigIntegerField(default=0)),
                ('corrected_nanos', models.BigIntegerField(default=0, verbose_name='corrected by')),
                ('problem', models.CharField(blank=True, help_text='Why reading ended before the object did.', max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'import',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='BilledLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(db_index=True)),
                ('region', models.CharField(blank=True, max_length=32)),
                ('model', models.CharField(blank=True, help_text='As AWS names it on the bill.', max_length=200)),
                ('usage_type', models.CharField(blank=True, max_length=200)),
                ('amount', models.DecimalField(decimal_places=10, max_digits=30)),
                ('cost_nanos', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Budget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('end_user', models.CharField(blank=True, help_text='As sent in X-Gatehouse-End-User.', max_length=200)),
                ('feature', models.CharField(blank=True, help_text='As sent in X-Gatehouse-Feature.', max_length=200)),
                ('model', models.CharField(blank=True, help_text='The name of a route, as callers pass it.', max_length=200)),
                ('per', models.CharField(blank=True, choices=[('team', 'Team'), ('application', 'Application'), ('api_key', 'API key'), ('end_user', 'End user'), ('feature', 'Feature'), ('model', 'Model')], help_text='Empty: one limit for all of these calls together. Else each value gets this limit by itself.', max_length=16, verbose_name='for each')),
                ('name', models.CharField(blank=True, help_text='Empty: named after its scope.', max_length=100)),
                ('limit_nanos', models.BigIntegerField(help_text='Nano-dollars per period.', verbose_name='limit')),
                ('period', models.CharField(choices=[('day', 'Day'), ('week', 'Week (from Monday)'), ('month', 'Month'), ('quarter', 'Quarter'), ('year', 'Year'), ('total', 'Once, no period')], default='month', max_length=16)),
                ('time_zone', models.CharField(default='UTC', help_text='Time zone of the calendar period, such as Europe/Berlin.', max_length=64)),
                ('is_hard', models.BooleanField(default=True, help_text='A hard budget refuses calls that might exceed it; a soft one counts, and alerts.', verbose_name='hard')),
                ('alert_thresholds', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)]), blank=True, default=governance.limits.models.budget._usual_thresholds, help_text='Per cent of the limit at which alerts go out, separated by commas.', size=10)),
                ('alert_on_forecast', models.BooleanField(default=True, help_text='Send an alert when the budget is forecast to run out before its period ends.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('team__name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='BudgetWindow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(blank=True, help_text='Whose counter, where a budget counts each value by itself.', max_length=200)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('spent_nanos', models.BigIntegerField(default=0)),
                ('reserved_nanos', models.BigIntegerField(default=0)),
                ('limit_nanos', models.BigIntegerField(help_text='The highest limit that a call was admitted under. Empty: none, or a soft budget.', null=True)),
            ],
            options={
                'verbose_name': 'counter of a period',
                'verbose_name_plural': 'counters of periods',
                'ordering': ('budget', '-starts_at', 'subject'),
            },
        ),
        migrations.CreateModel(
            name='CallReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('call_id', models.UUIDField(db_index=True, verbose_name='call ID')),
                ('email', models.CharField(max_length=254, verbose_name='who')),
                ('verdict', models.CharField(choices=[('good', 'Nothing wrong'), ('answer', 'Wrong or poor answer'), ('privacy', 'Personal data got through'), ('misuse', 'Attack or misuse'), ('false_alarm', 'Flagged for no reason')], max_length=16)),
                ('note', models.TextField(blank=True, help_text="Redacted by the team's rules before it is stored.")),
                ('expected', models.TextField(blank=True, help_text='What the answer should have been, redacted likewise. Test cases expect it.')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('replaced_at', models.DateTimeField(help_text='When a later review took its place.', null=True)),
            ],
            options={
                'verbose_name': 'review of a call',
                'verbose_name_plural': 'reviews of calls',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='ContentIndexState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('watermark', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('delivered', 'Delivered'), ('failed', 'Given up')], default='pending', max_length=16)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField()),
                ('last_error', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('delivered_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ('-created_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Feedback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('call_id', models.UUIDField(verbose_name='call ID')),
                ('helpful', models.BooleanField(help_text='Empty: only a score was given.', null=True)),
                ('score', models.FloatField(help_text='From 0 to 1, as the application means it.', null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)])),
                ('comment', models.TextField(blank=True, help_text="Redacted by the team's rules before it is stored.")),
                ('end_user', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('body_kept_at', models.DateTimeField(editable=False, help_text="Not helpful: when the call's bodies were marked to stay.", null=True)),
            ],
            options={
                'verbose_name_plural': 'feedback',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='GatewayInstance',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('host', models.CharField(max_length=200)),
                ('pid', models.IntegerField()),
                ('started_at', models.DateTimeField()),
                ('heartbeat_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(blank=True, help_text='For whom, where a limit counts each value by itself. Empty: each.', max_length=200)),
                ('amount', models.BigIntegerField(default=0, help_text='What is added: nano-dollars per period, or requests, tokens or calls at once.')),
                ('model', models.CharField(blank=True, help_text='The name of the route that may be called.', max_length=200)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('revoke_reason', models.CharField(blank=True, max_length=2000)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('-starts_at',),
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('call_id', models.UUIDField(primary_key=True, serialize=False)),
                ('instance_id', models.UUIDField(help_text='The gateway process that made it.')),
                ('amount_nanos', models.BigIntegerField()),
                ('window_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('started_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(db_index=True, help_text='When the call must have ended, whatever happened.')),
                ('record', models.JSONField(help_text='Columns of the audit record known at admission.')),
            ],
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('call_id', models.UUIDField(db_index=True)),
                ('window_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('amount_nanos', models.BigIntegerField()),
                ('kind', models.CharField(choices=[('charge', 'Charge'), ('expiry', 'Estimated charge of an expired hold'), ('correction', 'Correction'), ('repair', 'Repair of a lost posting')], default='charge', max_length=16)),
                ('is_estimated', models.BooleanField(default=False)),
                ('note', models.CharField(blank=True, help_text='Of a correction: where it comes from.', max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('xact_id', models.BigIntegerField(db_default=django.db.models.functions.comparison.Cast(django.db.models.functions.comparison.Cast(models.Func(function='pg_current_xact_id'), models.TextField()), models.BigIntegerField()), editable=False)),
            ],
            options={
                'verbose_name_plural': 'ledger entries',
            },
        ),
        migrations.CreateModel(
            name='LimitRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.CharField(blank=True, max_length=200)),
                ('subject', models.CharField(blank=True, max_length=200)),
                ('amount', models.BigIntegerField(default=0, help_text='Nano-dollars per period, or requests, tokens, calls.')),
                ('reason', models.TextField(max_length=2000)),
                ('ends_at', models.DateTimeField(verbose_name='until')),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('approved', 'Approved'), ('denied', 'Denied'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired')], default='pending', editable=False, max_length=16)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('decided_at', models.DateTimeField(editable=False, null=True)),
                ('note', models.TextField(blank=True, editable=False, max_length=2000)),
            ],
            options={
                'verbose_name': 'request',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='LoggedInvocation',
            fields=[
                ('request_id', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('region', models.CharField(max_length=32)),
                ('model', models.CharField(max_length=300)),
                ('input_tokens', models.IntegerField()),
                ('output_tokens', models.IntegerField()),
                ('cache_read_tokens', models.IntegerField()),
                ('cache_write_tokens', models.IntegerField()),
                ('error', models.CharField(blank=True, help_text='Why Bedrock refused: such a line costs nothing.', max_length=100)),
                ('is_counted', models.BooleanField(default=True, help_text='Whether AWS wrote how many tokens there were.')),
                ('named_call', models.UUIDField(help_text="The call that the line's metadata names.", null=True)),
                ('call_id', models.UUIDField(help_text='Empty: no call of ours is known.', null=True)),
                ('cost_nanos', models.BigIntegerField(help_text='By our price at admission.', null=True)),
                ('is_posted', models.BooleanField(default=False, help_text="The ledger says what this line's call cost.")),
            ],
        ),
        migrations.CreateModel(
            name='PrivacyPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('names', models.BooleanField(default=False, help_text='People, places and organisations are looked for with a language model. Costs up to 25 ms for a new prompt of 2,000 characters.', verbose_name='find names')),
                ('overload', models.CharField(choices=[('patterns', 'Go on without, and say so on the record'), ('block', 'Refuse the call')], default='patterns', max_length=16, verbose_name="when names can't be looked for")),
                ('guardrail', models.CharField(blank=True, help_text='Its ID or ARN, to be asked as well. AWS charges for it.', max_length=300, verbose_name='Bedrock guardrail')),
                ('guardrail_version', models.CharField(default='DRAFT', max_length=16)),
                ('guardrail_failure', models.CharField(choices=[('patterns', 'Go on without, and say so on the record'), ('block', 'Refuse the call')], default='block', max_length=16, verbose_name="when the guardrail can't be asked")),
                ('screen_user', models.CharField(blank=True, choices=[('', 'Not looked for'), ('log', 'Record'), ('flag', 'Flag for review'), ('strip', 'Take out'), ('block', 'Block')], default='log', max_length=16, verbose_name="users' texts")),
                ('screen_document', models.CharField(blank=True, choices=[('', 'Not looked for'), ('log', 'Record'), ('flag', 'Flag for review'), ('strip', 'Take out'), ('block', 'Block')], default='log', max_length=16, verbose_name='retrieved documents')),
                ('screen_tool', models.CharField(blank=True, choices=[('', 'Not looked for'), ('log', 'Record'), ('flag', 'Flag for review'), ('strip', 'Take out'), ('block', 'Block')], default='log', max_length=16, verbose_name='results of tools')),
                ('flag_at', models.FloatField(default=0.5, help_text='A score from 0 to 1.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)], verbose_name='suspicious from')),
                ('block_at', models.FloatField(default=0.9, help_text='A score from 0 to 1. Blocking and taking out begin here.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)], verbose_name='an injection from')),
                ('delimit', models.BooleanField(default=False, help_text="Users' texts are put between marks that they can't forge, and the system prompt says what the marks mean.", verbose_name="mark users' texts")),
                ('canary', models.BooleanField(default=False, help_text='A secret in the system prompt. An answer that repeats it leaks the prompt.')),
                ('leak', models.CharField(blank=True, choices=[('', 'Not looked for'), ('log', 'Record'), ('flag', 'Flag for review'), ('block', 'End the answer')], default='log', max_length=16, verbose_name='when an answer leaks the system prompt')),
                ('bodies', models.CharField(blank=True, choices=[('', 'As the levels above say; redacted if none does'), ('raw', 'Redacted, and encrypted as they were'), ('redacted', 'Redacted only'), ('none', 'Nothing')], default='', max_length=16, verbose_name='kept of requests and answers')),
                ('sample_percent', models.PositiveSmallIntegerField(default=100, help_text='In percent. Calls with findings or errors are always kept.', validators=[django.core.validators.MaxValueValidator(100)], verbose_name='share of calls kept')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name_plural': 'privacy policies',
                'ordering': ('team__name', 'application__name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='PrivacyPolicyVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('document', models.JSONField(help_text='As governance/privacy/policy/privacy.py has it.')),
                ('reason', models.TextField(help_text='Reason for the change.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('-number',),
            },
        ),
        migrations.CreateModel(
            name='RateLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('end_user', models.CharField(blank=True, help_text='As sent in X-Gatehouse-End-User.', max_length=200)),
                ('feature', models.CharField(blank=True, help_text='As sent in X-Gatehouse-Feature.', max_length=200)),
                ('model', models.CharField(blank=True, help_text='The name of a route, as callers pass it.', max_length=200)),
                ('per', models.CharField(blank=True, choices=[('team', 'Team'), ('application', 'Application'), ('api_key', 'API key'), ('end_user', 'End user'), ('feature', 'Feature'), ('model', 'Model')], help_text='Empty: one limit for all of these calls together. Else each value gets this limit by itself.', max_length=16, verbose_name='for each')),
                ('metric', models.CharField(choices=[('requests', 'Requests'), ('tokens', 'Tokens'), ('concurrent', 'Calls at once')], max_length=16)),
                ('period', models.CharField(blank=True, choices=[('', 'At any time'), ('minute', 'Minute'), ('hour', 'Hour'), ('day', 'Day')], help_text='For calls at once: at any time.', max_length=16)),
                ('limit', models.BigIntegerField(help_text='Requests or tokens in any such period, or calls at once.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('team__name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='RawAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('call_id', models.UUIDField(db_index=True, verbose_name='call ID')),
                ('email', models.CharField(max_length=254, verbose_name='who')),
                ('reason', models.CharField(max_length=500)),
                ('via', models.CharField(choices=[('admin', 'Admin'), ('api', 'API')], max_length=16)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
            ],
            options={
                'verbose_name': 'raw-text access',
                'verbose_name_plural': 'raw-text access log',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='RecordDrop',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.DateTimeField(help_text='Calls that began earlier are gone: the first moment of a month, UTC.')),
                ('records', models.BigIntegerField(help_text='How many records went.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='RedactionRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', models.CharField(help_text='A built-in kind such as EMAIL_ADDRESS, or a name of your own such as CUSTOMER_ID.', max_length=64, verbose_name='kind')),
                ('threshold', models.FloatField(default=0.4, help_text='Findings with a lower score do not count.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('to_model', models.CharField(blank=True, choices=[('', 'Nothing'), ('log', 'Count only'), ('mask', 'Mask'), ('hash', 'Hash'), ('redact', 'Remove'), ('block', 'Block')], default='mask', max_length=16)),
                ('to_client', models.CharField(blank=True, choices=[('', 'Nothing'), ('log', 'Count only'), ('mask', 'Mask'), ('hash', 'Hash'), ('redact', 'Remove'), ('block', 'Block')], default='', max_length=16)),
                ('to_log', models.CharField(blank=True, choices=[('', 'Nothing'), ('log', 'Count only'), ('mask', 'Mask'), ('hash', 'Hash'), ('redact', 'Remove'), ('block', 'Block')], default='mask', max_length=16)),
                ('patterns', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2000), blank=True, default=list, help_text='Regular expressions (RE2 syntax), one per line.', size=None)),
                ('deny', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, help_text='Words or phrases that are always found, one per line.', size=None, verbose_name='deny list')),
                ('allow', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, help_text='Values that are never found, one per line.', size=None, verbose_name='allow list')),
                ('context', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, help_text='One per line: at least one must occur near a match.', size=None, verbose_name='context words')),
                ('checksum', models.CharField(blank=True, choices=[('luhn', 'Luhn (cards, IMEI)'), ('mod97', 'MOD 97 (IBAN)'), ('mod11', 'MOD 11 (ISBN-10, NHS)'), ('verhoeff', 'Verhoeff (Aadhaar)')], max_length=16)),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), blank=True, default=list, help_text='Two-letter codes, one per line. Empty: all languages.', size=None)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='RejectedLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.BigIntegerField()),
                ('reason', models.CharField(max_length=200)),
            ],
            options={
                'ordering': ('line',),
            },
        ),
        migrations.CreateModel(
            name='RollupState',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('watermark', models.BigIntegerField(default=0)),
                ('time_zone', models.CharField(blank=True, max_length=64)),
                ('rolled_up_at', models.DateTimeField(null=True)),
            ],
        ),
        kernel.migrations.CreatePartitionedModel(
            name='SealedContent',
            fields=[
                ('call_id', models.UUIDField(primary_key=True, serialize=False)),
                ('team_id', models.BigIntegerField(null=True)),
                ('kept_until', models.DateTimeField(help_text='Let go then. Null: it stays.', null=True)),
                ('generation', models.PositiveIntegerField(help_text="Which of the team's keys opens it.")),
                ('sealed', models.BinaryField(help_text='A nonce of 12 bytes, then what AES-256-GCM made of the text.')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='TeamKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField(help_text="1 is the team's first key.")),
                ('provider', models.CharField(choices=[('local', 'Master key of this installation'), ('kms', 'AWS KMS')], max_length=16, verbose_name='protected by')),
                ('kms_key_id', models.CharField(blank=True, max_length=2048, verbose_name='KMS key')),
                ('wrapped', models.BinaryField(help_text='The key, encrypted. Null: erased.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('retired_at', models.DateTimeField(editable=False, help_text='Since then it only decrypts.', null=True, verbose_name='replaced at')),
                ('erased_at', models.DateTimeField(editable=False, null=True)),
                ('erased_by_email', models.CharField(blank=True, editable=False, max_length=254, verbose_name='erased by')),
                ('erased_reason', models.CharField(blank=True, editable=False, max_length=500, verbose_name='why')),
            ],
            options={
                'verbose_name': 'encryption key',
                'ordering': ('team', '-generation'),
            },
        ),
        migrations.CreateModel(
            name='Tip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=32)),
                ('title', models.CharField(max_length=500)),
                ('text', models.TextField()),
                ('saving_nanos', models.BigIntegerField(default=0, help_text="A month's; 0 where it is no money.")),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('-saving_nanos', 'id'),
            },
        ),
        migrations.CreateModel(
            name='UsageDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team_id', models.BigIntegerField(default=0)),
                ('calls', models.BigIntegerField(default=0)),
                ('succeeded', models.BigIntegerField(default=0)),
                ('failed', models.BigIntegerField(default=0, help_text='Failed and expired.')),
                ('refused', models.BigIntegerField(default=0)),
                ('cancelled', models.BigIntegerField(default=0)),
                ('input_tokens', models.BigIntegerField(default=0)),
                ('output_tokens', models.BigIntegerField(default=0)),
                ('cache_read_tokens', models.BigIntegerField(default=0)),
                ('cache_write_tokens', models.BigIntegerField(default=0)),
                ('cost_nanos', models.BigIntegerField(default=0)),
                ('failed_cost_nanos', models.BigIntegerField(default=0, help_text='Of the cost, that of failed and expired calls.')),
                ('cancelled_cost_nanos', models.BigIntegerField(default=0, help_text='Of the cost, that of cancelled calls.')),
                ('duration_us', models.BigIntegerField(default=0, help_text='Microseconds, of all calls together.')),
                ('application_id', models.BigIntegerField(default=0)),
                ('api_key_id', models.BigIntegerField(default=0)),
                ('feature', models.CharField(blank=True, max_length=200)),
                ('route', models.CharField(blank=True, help_text='The model as callers name it.', max_length=200)),
                ('model', models.CharField(blank=True, help_text="Bedrock's ID.", max_length=200)),
                ('region', models.CharField(blank=True, max_length=32)),
                ('day', models.DateField()),
            ],
            options={
                'verbose_name': 'usage',
                'verbose_name_plural': 'usage',
            },
        ),
        migrations.CreateModel(
            name='UsageEndUserDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team_id', models.BigIntegerField(default=0)),
                ('calls', models.BigIntegerField(default=0)),
                ('succeeded', models.BigIntegerField(default=0)),
                ('failed', models.BigIntegerField(default=0, help_text='Failed and expired.')),
                ('refused', models.BigIntegerField(default=0)),
                ('cancelled', models.BigIntegerField(default=0)),
                ('input_tokens', models.BigIntegerField(default=0)),
                ('output_tokens', models.BigIntegerField(default=0)),
                ('cache_read_tokens', models.BigIntegerField(default=0)),
                ('cache_write_tokens', models.BigIntegerField(default=0)),
                ('cost_nanos', models.BigIntegerField(default=0)),
                ('failed_cost_nanos', models.BigIntegerField(default=0, help_text='Of the cost, that of failed and expired calls.')),
                ('cancelled_cost_nanos', models.BigIntegerField(default=0, help_text='Of the cost, that of cancelled calls.')),
                ('duration_us', models.BigIntegerField(default=0, help_text='Microseconds, of all calls together.')),
                ('day', models.DateField()),
                ('end_user', models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name='UsageFeature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team_id', models.BigIntegerField()),
                ('name', models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name='UsageQuarterHour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team_id', models.BigIntegerField(default=0)),
                ('calls', models.BigIntegerField(default=0)),
                ('succeeded', models.BigIntegerField(default=0)),
                ('failed', models.BigIntegerField(default=0, help_text='Failed and expired.')),
                ('refused', models.BigIntegerField(default=0)),
                ('cancelled', models.BigIntegerField(default=0)),
                ('input_tokens', models.BigIntegerField(default=0)),
                ('output_tokens', models.BigIntegerField(default=0)),
                ('cache_read_tokens', models.BigIntegerField(default=0)),
                ('cache_write_tokens', models.BigIntegerField(default=0)),
                ('cost_nanos', models.BigIntegerField(default=0)),
                ('failed_cost_nanos', models.BigIntegerField(default=0, help_text='Of the cost, that of failed and expired calls.')),
                ('cancelled_cost_nanos', models.BigIntegerField(default=0, help_text='Of the cost, that of cancelled calls.')),
                ('duration_us', models.BigIntegerField(default=0, help_text='Microseconds, of all calls together.')),
                ('application_id', models.BigIntegerField(default=0)),
                ('api_key_id', models.BigIntegerField(default=0)),
                ('feature', models.CharField(blank=True, max_length=200)),
                ('route', models.CharField(blank=True, help_text='The model as callers name it.', max_length=200)),
                ('model', models.CharField(blank=True, help_text="Bedrock's ID.", max_length=200)),
                ('region', models.CharField(blank=True, max_length=32)),
                ('starts_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('budget', 'Budget'), ('contract_broken', 'Service contract broken'), ('contract_kept', 'Service contract kept again'), ('rollout_paused', 'Rollout paused'), ('rollout_rolled_back', 'Rollout rolled back'), ('rollout_completed', 'Rollout completed'), ('experiment_result', 'Result of an experiment')], default='budget', max_length=24)),
                ('threshold', models.SmallIntegerField(default=0, help_text='Per cent of the limit; 0 for the forecast of running out.')),
                ('spent_nanos', models.BigIntegerField(default=0, verbose_name='spent')),
                ('limit_nanos', models.BigIntegerField(default=0, verbose_name='limit')),
                ('runs_out_at', models.DateTimeField(null=True)),
                ('text', models.CharField(blank=True, help_text='Text, for alerts that are not about a budget.', max_length=500)),
                ('path', models.CharField(blank=True, help_text='The page of the admin it leads to.', max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('team', models.ForeignKey(help_text='Team, for alerts that are not about a budget.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='alerts', to='accounts.team')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='AlertChannel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('kind', models.CharField(choices=[('email', 'E-mail'), ('webhook', 'Signed webhook'), ('slack', 'Slack, or what takes its webhooks')], max_length=16)),
                ('target', models.CharField(help_text="An e-mail address, or the webhook's URL.", max_length=500)),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('is_enabled', models.BooleanField(default=True, verbose_name='enabled')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('team', models.ForeignKey(blank=True, help_text='Empty: the alerts of all teams.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='alert_channels', to='accounts.team')),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        kernel.migrations.CreatePartitionedModel(
            name='ContentIndex',
            fields=[
                ('content', models.OneToOneField(db_column='call_id', db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='governance.auditcontent')),
                ('team_id', models.BigIntegerField(null=True)),
                ('words', django.contrib.postgres.search.SearchVectorField()),
            ],
        ),
        migrations.AddIndex(
            model_name='auditcontent',
            index=models.Index(fields=['xact_id'], name='content_by_xact'),
        ),
        migrations.AddIndex(
            model_name='auditcontent',
            index=models.Index(condition=models.Q(('kept_until__isnull', False)), fields=['kept_until'], name='content_let_go'),
        ),
        migrations.AddField(
            model_name='auditrecord',
            name='api_key',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.apikey'),
        ),
        migrations.AddField(
            model_name='auditrecord',
            name='application',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.application'),
        ),
        migrations.AddField(
            model_name='auditrecord',
            name='team',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.team'),
        ),
        migrations.AddIndex(
            model_name='awsimport',
            index=models.Index(condition=models.Q(('is_current', True), ('kind', 'costs')), fields=['report'], name='aws_import_of_report'),
        ),
        migrations.AddConstraint(
            model_name='awsimport',
            constraint=models.UniqueConstraint(fields=('kind', 'source', 'digest'), name='aws_import_once'),
        ),
        migrations.AddField(
            model_name='billedline',
            name='aws_import',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='billed_lines', to='governance.awsimport'),
        ),
        migrations.AddField(
            model_name='budget',
            name='api_key',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='accounts.apikey', verbose_name='API key'),
        ),
        migrations.AddField(
            model_name='budget',
            name='application',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='accounts.application'),
        ),
        migrations.AddField(
            model_name='budget',
            name='team',
            field=models.ForeignKey(blank=True, help_text='Empty: the whole organisation.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='budgetwindow',
            name='budget',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='windows', to='governance.budget'),
        ),
        migrations.AddField(
            model_name='alert',
            name='window',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='alerts', to='governance.budgetwindow'),
        ),
        migrations.AddField(
            model_name='callreview',
            name='reviewer',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='callreview',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='call_reviews', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='alert',
            field=models.ForeignKey(help_text='Empty: a test.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='governance.alert'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='channel',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='governance.alertchannel'),
        ),
        migrations.AddField(
            model_name='feedback',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='feedback', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='grant',
            name='application',
            field=models.ForeignKey(help_text='Whose keys may call one more model.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='accounts.application'),
        ),
        migrations.AddField(
            model_name='grant',
            name='budget',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='governance.budget'),
        ),
        migrations.AddField(
            model_name='grant',
            name='revoked_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('amount_nanos__gte', 0)), name='hold_not_negative'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('kind', 'correction')), fields=['xact_id'], name='correction_by_xact'),
        ),
        migrations.AddField(
            model_name='limitrequest',
            name='application',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='limit_requests', to='accounts.application'),
        ),
        migrations.AddField(
            model_name='limitrequest',
            name='budget',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='requests', to='governance.budget'),
        ),
        migrations.AddField(
            model_name='limitrequest',
            name='decided_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='limitrequest',
            name='grant',
            field=models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='request', to='governance.grant'),
        ),
        migrations.AddField(
            model_name='limitrequest',
            name='requested_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='limit_requests', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='limitrequest',
            name='team',
            field=models.ForeignKey(editable=False, help_text='Who asks: the team of what is asked for; for a limit of the organisation, the team it is for.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='limit_requests', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='loggedinvocation',
            name='aws_import',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='governance.awsimport'),
        ),
        migrations.AddField(
            model_name='privacypolicy',
            name='application',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='privacy_policies', to='accounts.application'),
        ),
        migrations.AddField(
            model_name='privacypolicy',
            name='team',
            field=models.ForeignKey(blank=True, help_text='Empty: the whole organisation.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='privacy_policies', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='privacypolicyversion',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='privacypolicyversion',
            name='policy',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='governance.privacypolicy'),
        ),
        migrations.AddField(
            model_name='privacypolicy',
            name='in_force',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='governance.privacypolicyversion'),
        ),
        migrations.AddField(
            model_name='ratelimit',
            name='api_key',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='accounts.apikey', verbose_name='API key'),
        ),
        migrations.AddField(
            model_name='ratelimit',
            name='application',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='accounts.application'),
        ),
        migrations.AddField(
            model_name='ratelimit',
            name='team',
            field=models.ForeignKey(blank=True, help_text='Empty: the whole organisation.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='limitrequest',
            name='rate_limit',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='requests', to='governance.ratelimit'),
        ),
        migrations.AddField(
            model_name='grant',
            name='rate_limit',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='governance.ratelimit'),
        ),
        migrations.AddField(
            model_name='rawaccess',
            name='team',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='rawaccess',
            name='user',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='redactionrule',
            name='policy',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='governance.privacypolicy'),
        ),
        migrations.AddField(
            model_name='rejectedline',
            name='aws_import',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rejections', to='governance.awsimport'),
        ),
        migrations.AddIndex(
            model_name='sealedcontent',
            index=models.Index(condition=models.Q(('kept_until__isnull', False)), fields=['kept_until'], name='sealed_let_go'),
        ),
        migrations.AddField(
            model_name='teamkey',
            name='erased_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='teamkey',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='data_keys', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='tip',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tips', to='accounts.team'),
        ),
        migrations.AddConstraint(
            model_name='usageday',
            constraint=models.UniqueConstraint(fields=('day', 'team_id', 'application_id', 'api_key_id', 'feature', 'route', 'model', 'region'), name='usage_day_once'),
        ),
        migrations.AddConstraint(
            model_name='usageenduserday',
            constraint=models.UniqueConstraint(fields=('day', 'team_id', 'end_user'), name='usage_end_user_day_once'),
        ),
        migrations.AddConstraint(
            model_name='usagefeature',
            constraint=models.UniqueConstraint(fields=('team_id', 'name'), name='usage_feature_once'),
        ),
        migrations.AddConstraint(
            model_name='usagequarterhour',
            constraint=models.UniqueConstraint(fields=('starts_at', 'team_id', 'application_id', 'api_key_id', 'feature', 'route', 'model', 'region'), name='usage_quarter_hour_once'),
        ),
        migrations.AddIndex(
            model_name='contentindex',
            index=django.contrib.postgres.indexes.GinIndex(fields=['words'], name='content_words'),
        ),
        migrations.AddIndex(
            model_name='auditrecord',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['started_at'], name='call_by_time'),
        ),
        migrations.AddIndex(
            model_name='auditrecord',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['xact_id'], name='call_by_xact', pages_per_range=16),
        ),
        migrations.AddIndex(
            model_name='auditrecord',
            index=models.Index(fields=['team', '-call_id'], name='call_by_team'),
        ),
        migrations.AddIndex(
            model_name='auditrecord',
            index=models.Index(fields=['application', '-call_id'], name='call_by_application'),
        ),
        migrations.AddIndex(
            model_name='auditrecord',
            index=models.Index(fields=['model', '-call_id'], name='call_by_model'),
        ),
        migrations.AddIndex(
            model_name='auditrecord',
            index=models.Index(condition=models.Q(('status', 'succeeded'), _negated=True), fields=['status', '-call_id'], name='call_not_succeeded'),
        ),
        migrations.AddIndex(
            model_name='auditrecord',
            index=models.Index(condition=models.Q(('prompt_id__isnull', False)), fields=['prompt_id', '-call_id'], name='call_by_prompt'),
        ),
        migrations.AddIndex(
            model_name='auditrecord',
            index=models.Index(condition=models.Q(('is_flagged', True)), fields=['-call_id'], name='call_flagged'),
        ),
        migrations.AddConstraint(
            model_name='billedline',
            constraint=models.UniqueConstraint(fields=('aws_import', 'day', 'region', 'model', 'usage_type'), name='billed_once'),
        ),
        migrations.AddConstraint(
            model_name='budget',
            constraint=models.CheckConstraint(condition=models.Q(('limit_nanos__gte', 0)), name='budget_limit_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='budget',
            constraint=models.UniqueConstraint(fields=('team', 'application', 'api_key', 'end_user', 'feature', 'model', 'per', 'period'), name='budget_once_per_scope_and_period', nulls_distinct=False, violation_error_message='A budget with this scope and period already exists. Edit that one.'),
        ),
        migrations.AddConstraint(
            model_name='budgetwindow',
            constraint=models.UniqueConstraint(fields=('budget', 'starts_at', 'subject'), name='window_starts_once'),
        ),
        migrations.AddConstraint(
            model_name='budgetwindow',
            constraint=models.CheckConstraint(condition=models.Q(('reserved_nanos__gte', 0)), name='window_reserved_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.UniqueConstraint(fields=('window', 'threshold'), name='alert_once'),
        ),
        migrations.AddIndex(
            model_name='callreview',
            index=models.Index(fields=['team', '-id'], name='call_review_by_team'),
        ),
        migrations.AddIndex(
            model_name='callreview',
            index=models.Index(condition=models.Q(('replaced_at__isnull', True)), fields=['team', 'verdict'], include=('call_id',), name='call_review_by_verdict'),
        ),
        migrations.AddConstraint(
            model_name='callreview',
            constraint=models.UniqueConstraint(condition=models.Q(('replaced_at__isnull', True)), fields=('call_id',), name='call_review_one_stands'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'pending')), fields=['next_attempt_at'], name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(fields=['team', '-id'], name='feedback_by_team'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(condition=models.Q(models.Q(('helpful', False), models.Q(('helpful__isnull', True), ('score__lt', 0.5)), _connector='OR'), ('body_kept_at__isnull', True)), fields=['id'], name='feedback_to_keep'),
        ),
        migrations.AddConstraint(
            model_name='feedback',
            constraint=models.UniqueConstraint(fields=('call_id', 'end_user'), name='feedback_once'),
        ),
        migrations.AddConstraint(
            model_name='feedback',
            constraint=models.CheckConstraint(condition=models.Q(('helpful__isnull', False), ('score__isnull', False), _connector='OR'), name='feedback_says_something'),
        ),
        migrations.AddConstraint(
            model_name='feedback',
            constraint=models.CheckConstraint(condition=models.Q(('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 1)), _connector='OR'), name='feedback_score_from_0_to_1'),
        ),
        migrations.AddIndex(
            model_name='loggedinvocation',
            index=models.Index(fields=['at'], name='invocation_by_time'),
        ),
        migrations.AddIndex(
            model_name='loggedinvocation',
            index=models.Index(condition=models.Q(('call_id__isnull', False)), fields=['call_id'], name='invocation_by_call'),
        ),
        migrations.AddIndex(
            model_name='loggedinvocation',
            index=models.Index(condition=models.Q(('call_id__isnull', False), ('is_posted', False)), fields=['call_id'], name='invocation_to_post'),
        ),
        migrations.AddIndex(
            model_name='loggedinvocation',
            index=models.Index(condition=models.Q(('call_id__isnull', True)), fields=['at'], name='invocation_unmatched'),
        ),
        migrations.AddConstraint(
            model_name='privacypolicyversion',
            constraint=models.UniqueConstraint(fields=('policy', 'number'), name='one_version_each_number'),
        ),
        migrations.AddConstraint(
            model_name='privacypolicy',
            constraint=models.UniqueConstraint(fields=('team', 'application'), name='one_privacy_policy_each', nulls_distinct=False, violation_error_message='A policy with this scope already exists. Edit that one.'),
        ),
        migrations.AddConstraint(
            model_name='privacypolicy',
            constraint=models.CheckConstraint(condition=models.Q(('application__isnull', True), ('team__isnull', False), _connector='OR'), name='privacy_policy_application_has_team'),
        ),
        migrations.AddConstraint(
            model_name='ratelimit',
            constraint=models.CheckConstraint(condition=models.Q(('limit__gt', 0)), name='rate_limit_positive'),
        ),
        migrations.AddConstraint(
            model_name='ratelimit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('metric', 'concurrent'), ('period', '')), models.Q(models.Q(('metric', 'concurrent'), _negated=True), models.Q(('period', ''), _negated=True)), _connector='OR'), name='rate_limit_period_fits'),
        ),
        migrations.AddConstraint(
            model_name='ratelimit',
            constraint=models.UniqueConstraint(fields=('team', 'application', 'api_key', 'end_user', 'feature', 'model', 'per', 'metric', 'period'), name='rate_limit_once_per_scope_and_metric', nulls_distinct=False, violation_error_message='A rate limit with this scope and metric already exists. Edit that one.'),
        ),
        migrations.AddConstraint(
            model_name='limitrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('application__isnull', True), ('budget__isnull', False), ('rate_limit__isnull', True)), models.Q(('application__isnull', True), ('budget__isnull', True), ('rate_limit__isnull', False)), models.Q(('application__isnull', False), ('budget__isnull', True), ('rate_limit__isnull', True)), _connector='OR'), name='request_for_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='grant_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount__gt', 0), ('application__isnull', True), ('budget__isnull', False), ('rate_limit__isnull', True)), models.Q(('amount__gt', 0), ('application__isnull', True), ('budget__isnull', True), ('rate_limit__isnull', False)), models.Q(('application__isnull', False), ('budget__isnull', True), ('rate_limit__isnull', True), models.Q(('model', ''), _negated=True)), _connector='OR'), name='grant_of_one_thing'),
        ),
        migrations.AddIndex(
            model_name='rawaccess',
            index=models.Index(fields=['team', '-id'], name='raw_access_by_team'),
        ),
        migrations.AddIndex(
            model_name='rawaccess',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['created_at'], name='raw_access_by_time'),
        ),
        migrations.AddConstraint(
            model_name='teamkey',
            constraint=models.UniqueConstraint(fields=('team', 'generation'), name='team_key_generation'),
        ),
        migrations.AddConstraint(
            model_name='teamkey',
            constraint=models.UniqueConstraint(condition=models.Q(('erased_at__isnull', True), ('retired_at__isnull', True)), fields=('team',), name='one_live_team_key'),
        ),
        migrations.AddConstraint(
            model_name='teamkey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('erased_at__isnull', False), ('wrapped__isnull', True)), models.Q(('erased_at__isnull', True), ('wrapped__isnull', False)), _connector='OR'), name='erased_team_key_has_no_bytes'),
        ),
        kernel.migrations.RunSource(
            source='governance/records/sql/guards.sql',
            sha256='a85e29c5c145b27fb9fa256c3ac28909dba7af7f60ecc5466bf0d98b24739b68',
            bodies=True,
        ),
        kernel.migrations.RunSource(
            source='governance/records/sql/contents.sql',
            sha256='8413177025ee9ab38216d60e542c24cb2bda5c29d06edafaed6b41ce5f2aa160',
            bodies=True,
        ),
        kernel.migrations.RunSource(
            source='governance/records/sql/partitions.sql',
            sha256='a6eaec4484487ab3ab5eebced04f66751c472d4956458408ea699391e6b30b88',
            bodies=True,
        ),
        kernel.migrations.RunSource(
            source='governance/records/sql/records.sql',
            sha256='176f122575add4aede7af0a3b515b02dcefac28e9a2bf9255a090463c9ba9530',
        ),
        kernel.migrations.RunSource(
            source=governance.records.models.blank_record.blank_record,
            sha256='cfd27cf319eaa31669c563ee8cdc54d3d42552a27c6affc3c21ed7b96194e4a0',
        ),
        kernel.migrations.RunSource(
            source='governance/limits/sql/reserve.sql',
            sha256='cc5397600fb99abda90448997e3a38c135a3c965f0a4428f0f5edc78a991032d',
        ),
        kernel.migrations.RunSource(
            source='governance/limits/sql/settle.sql',
            sha256='24d582b410ae1bf397240d8181e99a2114e9aa6a442d91f5199da3e401b1027d',
        ),
        kernel.migrations.RunSource(
            source='governance/limits/sql/corrections.sql',
            sha256='a069a22ffcd217151a9e57abf88cd5e2bc19fd6ba6bf3b636dce43a1727b2c69',
        ),
        kernel.migrations.RunSource(
            source='governance/usage/sql/usage.sql',
            sha256='830a3c8853a68f0125d4065fa6de3c22c88acfc31c499cdb03b9762ef9b5a2fb',
        ),
        kernel.migrations.RunSource(
            source='governance/privacy/sql/policy_versions.sql',
            sha256='fb0c2fdc56274728246df3895a192e15ac85046afb02292ebd3b8fb7df482331',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditcontent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=kernel.triggers.TriggerSql(execute='gatehouse_refuse_update()', func='', hash='d8654dc68ee44e802cb72fb2467fe9c35f671dcb', operation='UPDATE OF "call_id", "team_id", "request", "answer", "xact_id"', pgid='append_only', table='governance_auditcontent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditcontent',
            trigger=pgtrigger.compiler.Trigger(name='only_marked_to_stay', sql=kernel.triggers.TriggerSql(condition='WHEN (NEW.kept_until IS NOT NULL)', execute='gatehouse_refuse_update()', func='', hash='d926e79badb39f3ea7673395a41f9df0f454067b', operation='UPDATE', pgid='only_marked_to_stay', table='governance_auditcontent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditcontent',
            trigger=pgtrigger.compiler.Trigger(name='forget_words', sql=kernel.triggers.TriggerSql(execute='gatehouse_forget_words()', func='', hash='ceb851c424e5feca618b73a186f1c9d1701bacb2', operation='DELETE', pgid='forget_words', table='governance_auditcontent', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ledgerentry',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=kernel.triggers.TriggerSql(execute='gatehouse_refuse_rewrite()', func='', hash='1834d0771130b2e813936f39798ece8f33ee8a8e', operation='UPDATE', pgid='append_only', table='governance_ledgerentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='recorddrop',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=kernel.triggers.TriggerSql(execute='gatehouse_refuse_update()', func='', hash='5f205cfd754ea5f79013ed8cfd8ba53de2f09066', level='STATEMENT', operation='UPDATE', pgid='append_only', table='governance_recorddrop', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sealedcontent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=kernel.triggers.TriggerSql(execute='gatehouse_refuse_update()', func='', hash='db6a18230fd77fd644f4e445a4163cb44fb6bcd5', operation='UPDATE OF "call_id", "team_id", "generation", "sealed", "created_at"', pgid='append_only', table='governance_sealedcontent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sealedcontent',
            trigger=pgtrigger.compiler.Trigger(name='only_marked_to_stay', sql=kernel.triggers.TriggerSql(condition='WHEN (NEW.kept_until IS NOT NULL)', execute='gatehouse_refuse_update()', func='', hash='bd0f0e800a7e40b39ec54917183f3429721252ed', operation='UPDATE', pgid='only_marked_to_stay', table='governance_sealedcontent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditrecord',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=kernel.triggers.TriggerSql(execute='gatehouse_refuse_rewrite()', func='', hash='b8ce5039510168186f13b493bbc9cb74bb97f0f4', operation='UPDATE', pgid='append_only', table='governance_auditrecord', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='privacypolicyversion',
            trigger=pgtrigger.compiler.Trigger(name='keep_version', sql=kernel.triggers.TriggerSql(execute='gatehouse_keep_policy_version()', func='', hash='60210ecc9fe3463420bf98efefe11150e5564348', operation='UPDATE', pgid='keep_version', table='governance_privacypolicyversion', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rawaccess',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=kernel.triggers.TriggerSql(execute='gatehouse_refuse_update()', func='', hash='85b98e736ce7a2486913f5cf56295940bd63e316', level='STATEMENT', operation='UPDATE', pgid='append_only', table='governance_rawaccess', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rawaccess',
            trigger=pgtrigger.compiler.Trigger(name='never_deleted', sql=kernel.triggers.TriggerSql(execute='gatehouse_refuse_delete()', func='', hash='36ab49b01e7af01715df4090ae22bf82c3e717fc', level='STATEMENT', operation='DELETE', pgid='never_deleted', table='governance_rawaccess', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='teamkey',
            trigger=pgtrigger.compiler.Trigger(name='only_erased', sql=kernel.triggers.TriggerSql(execute='gatehouse_guard_team_key()', func='', hash='bd4ae2401f4fdc691f7521eb6893dd83be590977', operation='UPDATE', pgid='only_erased', table='governance_teamkey', when='BEFORE')),
        ),
    ]
