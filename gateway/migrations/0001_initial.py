import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import functools
import gateway.snapshot.tables
import kernel.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('governance', '0001_initial'),
        ('prompts', '0001_initial'),
    ]

    operations = [
        kernel.migrations.CreateModels(
            operations=[
                migrations.CreateModel(
                    name='Model',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('model_id', models.CharField(help_text="Bedrock's ID, without a region prefix.", max_length=200, unique=True, verbose_name='model ID')),
                        ('name', models.CharField(max_length=200)),
                        ('vendor', models.CharField(max_length=60)),
                        ('kind', models.CharField(choices=[('text', 'Text'), ('embedding', 'Embedding'), ('rerank', 'Rerank')], default='text', max_length=16)),
                        ('context_window', models.PositiveIntegerField(help_text='Tokens of input the model accepts.')),
                        ('max_output_tokens', models.PositiveIntegerField(default=0, help_text='Tokens of one answer at most; 0 for embeddings.')),
                        ('supports_tools', models.BooleanField(default=False)),
                        ('supports_images', models.BooleanField(default=False)),
                        ('supports_prompt_cache', models.BooleanField(default=False)),
                        ('supports_structured_output', models.BooleanField(db_default=False, default=False, help_text="Whether it can be held to a JSON Schema (Converse's outputConfig).")),
                        ('supports_documents', models.BooleanField(db_default=True, default=True)),
                        ('supports_video', models.BooleanField(db_default=False, default=False)),
                        ('supports_audio', models.BooleanField(db_default=False, default=False)),
                        ('supports_images_in_results', models.BooleanField(db_default=False, default=False, verbose_name='images in tool results')),
                        ('supports_text_with_results', models.BooleanField(db_default=True, default=True, help_text='Whether a turn may have other blocks beside the results of tools.', verbose_name='text beside tool results')),
                        ('needs_results_first', models.BooleanField(db_default=False, default=False, help_text='Whether the results of tools must stand before other blocks of their turn.', verbose_name='tool results first')),
                        ('supports_citations', models.BooleanField(db_default=False, default=False, verbose_name='citations')),
                        ('supports_parallel_switch', models.BooleanField(db_default=False, default=False, verbose_name='parallel tool use can be switched off')),
                        ('supports_prefill', models.BooleanField(db_default=True, default=True, help_text='Whether a conversation may end with the beginning of the answer.', verbose_name='prefill')),
                        ('supports_stop_sequences', models.BooleanField(db_default=True, default=True, verbose_name='stop sequences')),
                        ('supports_streaming', models.BooleanField(db_default=True, default=True, help_text='Where it does not, callers that ask for a stream get the whole answer as one.', verbose_name='streaming')),
                        ('supports_streamed_tools', models.BooleanField(db_default=True, default=True, help_text='The same, of requests with tools.', verbose_name='streaming with tools')),
                        ('tool_choices', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('auto', 'Auto'), ('any', 'Any tool (required)'), ('tool', 'A named tool')], max_length=20), blank=True, db_default=['auto'], default=functools.partial(list, *(['auto'],), **{}), size=None, verbose_name='tool choice')),
                        ('thinking', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('budget', 'With a budget of tokens'), ('adaptive', 'Adaptive')], max_length=20), blank=True, db_default=[], default=functools.partial(list, *([],), **{}), help_text='How it can be asked to reason.', size=None, verbose_name='thinking')),
                        ('efforts', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('low', 'Low'), ('medium', 'Medium'), ('high', 'High'), ('xhigh', 'Extra high'), ('max', 'Max')], max_length=20), blank=True, db_default=[], default=functools.partial(list, *([],), **{}), help_text='Levels that it takes.', size=None, verbose_name='effort')),
                        ('sampling', models.CharField(choices=[('all', 'Temperature and top_p'), ('one', 'One of temperature and top_p'), ('none', 'Neither')], db_default='all', default='all', max_length=8)),
                        ('cache_points', models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Cache points of one request at most; 0: it takes none.')),
                        ('cache_min_tokens', models.PositiveIntegerField(db_default=1024, default=1024, help_text='Tokens.', verbose_name='minimum cached prefix')),
                        ('cache_lifetimes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('5m', 'Five minutes'), ('1h', 'One hour')], max_length=20), blank=True, db_default=[], default=functools.partial(list, *([],), **{}), size=None, verbose_name='cache lifetimes')),
                        ('cache_places', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('tools', 'Behind tools'), ('system', 'In the system prompt'), ('messages', 'In messages')], max_length=20), blank=True, db_default=[], default=functools.partial(list, *([],), **{}), size=None, verbose_name='cache places')),
                        ('betas', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, db_default=[], default=list, help_text="Anthropic's beta features that it takes on Bedrock, separated by commas; * stands for anything.", size=None)),
                        ('count_tokens_id', models.CharField(blank=True, db_default='', default='', help_text="The ID that CountTokens takes for the model; empty: it can't count.", max_length=200, verbose_name='CountTokens ID')),
                        ('invoke_families', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, db_default=[], default=list, help_text='Bodies that InvokeModel takes for the model, separated by commas.', size=None, verbose_name='InvokeModel families')),
                        ('legacy_from', models.DateField(blank=True, help_text='From when AWS calls the model legacy.', null=True)),
                        ('end_of_life', models.DateField(blank=True, help_text='When AWS ends the model.', null=True)),
                        ('successor', models.CharField(blank=True, db_default='', default='', help_text='The model ID to use in its place.', max_length=200)),
                        ('seeded', models.JSONField(db_default={}, default=dict, editable=False, help_text="What the catalogue's file last said: what differs from it was edited, and stays.")),
                    ],
                    options={
                        'ordering': ('vendor', 'name'),
                        'indexes': [],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='Deployment',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deployments', to='gateway.model')),
                        ('region', models.CharField(help_text='The AWS region Gatehouse calls, such as us-east-1.', max_length=32)),
                        ('profile', models.CharField(blank=True, choices=[('', 'On demand in the region'), ('us', 'us. (United States)'), ('eu', 'eu. (Europe)'), ('apac', 'apac. (Asia Pacific)'), ('jp', 'jp. (Japan)'), ('au', 'au. (Australia)'), ('global', 'global. (any region)')], default='', max_length=16, verbose_name='inference profile')),
                        ('arn', models.CharField(blank=True, help_text='An application inference profile or provisioned throughput to call instead.', max_length=300, verbose_name='ARN')),
                        ('is_enabled', models.BooleanField(default=True, verbose_name='enabled')),
                        ('rules', models.JSONField(blank=True, db_default={}, default=dict, help_text="What is done where a request asks for what the model can't: of each rule repair, refuse or pass.", verbose_name='rules')),
                    ],
                    options={
                        'ordering': ('model__name', 'region', 'profile'),
                        'constraints': [models.UniqueConstraint(fields=('model', 'region', 'profile', 'arn'), name='deployment_once_per_place')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='Price',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('deployment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='gateway.deployment')),
                        ('tier', models.CharField(blank=True, choices=[('', 'Standard'), ('priority', 'Priority'), ('flex', 'Flex'), ('optimized', 'Latency-optimised'), ('batch', 'Batch inference')], help_text='What callers ask for; standard unless they do.', max_length=16)),
                        ('valid_from', models.DateTimeField()),
                        ('valid_until', models.DateTimeField(blank=True, help_text='Exclusive. Empty: until further notice.', null=True)),
                        ('input_rate', models.BigIntegerField(help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', verbose_name='input')),
                        ('output_rate', models.BigIntegerField(default=0, help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', verbose_name='output')),
                        ('cache_read_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', null=True, verbose_name='cache read')),
                        ('cache_write_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', null=True, verbose_name='cache write (5 minutes)')),
                        ('cache_write_1h_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', null=True, verbose_name='cache write (1 hour)')),
                        ('image_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per image.', null=True, verbose_name='image')),
                        ('request_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per request.', null=True, verbose_name='request')),
                        ('long_context_threshold', models.PositiveIntegerField(blank=True, help_text='Tokens of input.', null=True)),
                        ('long_input_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', null=True, verbose_name='input, long context')),
                        ('long_output_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', null=True, verbose_name='output, long context')),
                        ('long_cache_read_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', null=True, verbose_name='cache read, long context')),
                        ('long_cache_write_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', null=True, verbose_name='cache write, long context')),
                        ('long_cache_write_1h_rate', models.BigIntegerField(blank=True, help_text='Nano-dollars per million tokens ($3 per million is 3,000,000,000).', null=True, verbose_name='cache write (1 hour), long context')),
                        ('source', models.CharField(blank=True, help_text='Where the figures come from.', max_length=300)),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        'ordering': ('deployment', '-valid_from'),
                        'constraints': [models.UniqueConstraint(fields=('deployment', 'tier', 'valid_from'), name='price_starts_once'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gt', models.F('valid_from')), _connector='OR'), name='price_ends_after_start'), models.CheckConstraint(condition=models.Q(('input_rate__gte', 0), ('output_rate__gte', 0)), name='price_not_negative')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='Route',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(help_text='What callers pass as model.', max_length=200, unique=True)),
                        ('aliases', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, help_text='Other names it answers to, separated by commas.', size=None)),
                        ('description', models.TextField(blank=True)),
                        ('strategy', models.CharField(choices=[('ordered', 'In order: the next one when one fails'), ('weighted', 'By weight: a share of calls each')], default='ordered', max_length=16)),
                        ('default_max_tokens', models.PositiveIntegerField(blank=True, help_text='Tokens of the answer when the caller does not say. Empty: as many as the model can give.', null=True, validators=[django.core.validators.MinValueValidator(1)])),
                        ('max_tokens_limit', models.PositiveIntegerField(blank=True, help_text='The most a caller may ask for; more is lowered to it. Empty: what the model allows.', null=True, validators=[django.core.validators.MinValueValidator(1)])),
                        ('expected_output_tokens', models.PositiveIntegerField(db_default=4096, default=4096, help_text="Output that a call's budgets hold at first, where holding all that it may come to would take more than a tenth of what is left. More is held as the answer grows. 0: always hold all of it.")),
                        ('refuses_sampling', models.BooleanField(db_default=False, default=False, help_text='Whether a temperature, top_p or top_k that the model does not take is refused. Else it is dropped, and said.', verbose_name='refuse sampling values')),
                        ('prompt_cache', models.CharField(choices=[('caller', 'By the caller alone'), ('auto', 'By Gatehouse where the caller sets none')], db_default='caller', default='caller', help_text="Who marks what the provider's prompt cache keeps. Gatehouse marks tools, the system prompt and all up to the last user's turn but one, where they are long enough. What is cached costs more to write once and about a tenth to read within five minutes: good for conversations and shared prompts, dearer where each call begins with something else.", max_length=8, verbose_name='cache points')),
                        ('timeout_seconds', models.PositiveIntegerField(default=300, validators=[django.core.validators.MinValueValidator(1)])),
                        ('wait_seconds', models.PositiveIntegerField(default=0, help_text='How many seconds a call may queue for a rate limit. 0: it is refused at once.', validators=[django.core.validators.MaxValueValidator(300)], verbose_name='wait')),
                        ('is_enabled', models.BooleanField(default=True, verbose_name='enabled')),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        'ordering': ('name',),
                        'indexes': [],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='RouteTarget',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('route', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='gateway.route')),
                        ('deployment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='route_targets', to='gateway.deployment')),
                        ('position', models.PositiveSmallIntegerField(default=0)),
                        ('weight', models.PositiveSmallIntegerField(default=1, help_text='Used by the weighted strategy.')),
                    ],
                    options={
                        'ordering': ('route', 'position', 'id'),
                        'constraints': [models.UniqueConstraint(fields=('route', 'deployment'), name='route_target_once')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='RuleUse',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('deployment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rule_uses', to='gateway.deployment')),
                        ('rule', models.CharField(max_length=40)),
                        ('action', models.CharField(max_length=10)),
                        ('day', models.DateField(help_text='In UTC.')),
                        ('number', models.BigIntegerField(default=0)),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('deployment', 'rule', 'action', 'day'), name='rule_use_once_a_day')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='TeamInferenceProfile',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='inference_profiles', to='accounts.team')),
                        ('deployment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='team_profiles', to='gateway.deployment')),
                        ('arn', models.CharField(max_length=300, verbose_name='ARN')),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        'ordering': ('team__name', 'id'),
                        'constraints': [models.UniqueConstraint(fields=('team', 'deployment'), name='team_profile_once')],
                        'indexes': [],
                    },
                ),
            ],
        ),
        kernel.migrations.RunSource(
            source='gateway/snapshot/sql/notify.sql',
            sha256='56ffebe381ae2efe11696aeb50f681c32985db7e28dc980814875f3526fedaf0',
        ),
        kernel.migrations.RunSource(
            source=gateway.snapshot.tables.notify_triggers,
            sha256='8bbfd7ed5dab3a63db1d3fd34d2cb6913a030e29257ebdf62a4308ca20173efd',
        ),
    ]
