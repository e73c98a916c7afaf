import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import functools
import gateway.snapshot.tables
import kernel.migrations
import uuid
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
                        ('attempts', models.PositiveSmallIntegerField(blank=True, help_text='How often a call is sent at most, where its route does not say. Empty: 3, or once to each deployment.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10)])),
                        ('output_burndown', models.PositiveSmallIntegerField(db_default=1, default=1, help_text='Tokens of a quota that one token of output takes.', validators=[django.core.validators.MinValueValidator(1)])),
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
                        ('region', models.CharField(blank=True, help_text='The AWS region Gatehouse calls, such as us-east-1; of another provider, what its place is called here.', max_length=32)),
                        ('profile', models.CharField(blank=True, choices=[('', 'On demand in the region'), ('us', 'us. (United States)'), ('eu', 'eu. (Europe)'), ('apac', 'apac. (Asia Pacific)'), ('jp', 'jp. (Japan)'), ('au', 'au. (Australia)'), ('global', 'global. (any region)')], default='', max_length=16, verbose_name='inference profile')),
                        ('arn', models.CharField(blank=True, help_text='An application inference profile or provisioned throughput to call instead.', max_length=300, verbose_name='ARN')),
                        ('provider_account', models.ForeignKey(blank=True, help_text="With whom it is, beside AWS. Empty: it is Bedrock's.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deployments', to='gateway.provideraccount')),
                        ('provider_model', models.CharField(blank=True, db_default='', default='', help_text='What that provider calls the model.', max_length=200, verbose_name='model there')),
                        ('is_enabled', models.BooleanField(default=True, verbose_name='enabled')),
                        ('requests_per_minute', models.PositiveBigIntegerField(blank=True, help_text='Empty: not known; it is learnt from throttling.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='requests per minute')),
                        ('tokens_per_minute', models.PositiveBigIntegerField(blank=True, help_text='Input and output together, as bedrock-runtime counts them. Empty: not known; it is learnt from throttling.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='tokens per minute')),
                        ('input_tokens_per_minute', models.PositiveBigIntegerField(blank=True, help_text='Empty: not known; it is learnt from throttling.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='input tokens per minute')),
                        ('output_tokens_per_minute', models.PositiveBigIntegerField(blank=True, help_text='Empty: not known; it is learnt from throttling.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='output tokens per minute')),
                        ('quota_pool', models.CharField(blank=True, db_default='', default='', help_text='Deployments that name the same pool share its quotas. Empty: its model, region and profile.', max_length=100, verbose_name='quota pool')),
                        ('quota_source', models.CharField(blank=True, db_default='', default='', help_text='Where the quotas come from.', max_length=200)),
                        ('rules', models.JSONField(blank=True, db_default={}, default=dict, help_text="What is done where a request asks for what the model can't: of each rule repair, refuse or pass.", verbose_name='rules')),
                    ],
                    options={
                        'ordering': ('model__name', 'region', 'profile'),
                        'constraints': [models.UniqueConstraint(condition=models.Q(('provider_account__isnull', True)), fields=('model', 'region', 'profile', 'arn'), name='deployment_once_per_place'), models.UniqueConstraint(condition=models.Q(('provider_account__isnull', False)), fields=('model', 'provider_account', 'provider_model'), name='deployment_once_per_account'), models.CheckConstraint(condition=models.Q(models.Q(('provider_account__isnull', True), ('provider_model', '')), models.Q(('arn', ''), ('profile', ''), ('provider_account__isnull', False), models.Q(('provider_model', ''), _negated=True)), _connector='OR'), name='deployment_of_one_provider')],
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
                        ('strategy', models.CharField(choices=[('ordered', 'In order: the next one when one fails'), ('weighted', 'By weight: a share of calls each'), ('spread', 'Spread: where there is most room, and the prompt is cached')], default='ordered', max_length=16)),
                        ('default_max_tokens', models.PositiveIntegerField(blank=True, help_text='Tokens of the answer when the caller does not say. Empty: as many as the model can give.', null=True, validators=[django.core.validators.MinValueValidator(1)])),
                        ('max_tokens_limit', models.PositiveIntegerField(blank=True, help_text='The most a caller may ask for; more is lowered to it. Empty: what the model allows.', null=True, validators=[django.core.validators.MinValueValidator(1)])),
                        ('expected_output_tokens', models.PositiveIntegerField(db_default=4096, default=4096, help_text="Output that a call's budgets hold at first, where holding all that it may come to would take more than a tenth of what is left. More is held as the answer grows. 0: always hold all of it.")),
                        ('refuses_sampling', models.BooleanField(db_default=False, default=False, help_text='Whether a temperature, top_p or top_k that the model does not take is refused. Else it is dropped, and said.', verbose_name='refuse sampling values')),
                        ('timeout_seconds', models.PositiveIntegerField(default=300, help_text='All attempts together end by then.', validators=[django.core.validators.MinValueValidator(1)])),
                        ('attempts', models.PositiveSmallIntegerField(blank=True, help_text='How often a call is sent at most, after faults and time-outs. Empty: as the model says, or 3, or once to each deployment.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10)])),
                        ('regions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32, validators=[django.core.validators.RegexValidator('^[a-z][a-z0-9-]{1,30}$', 'A region, such as eu-central-1, or a geography, such as eu.')]), blank=True, db_default=[], default=list, help_text='Its calls are answered in these regions or geographies only (eu-central-1, eu), fail-overs too. Empty: anywhere.', size=None)),
                        ('fallbacks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, db_default=[], default=list, help_text="Names of routes that answer when this one can't, in order, separated by commas.", size=None)),
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
                migrations.CreateModel(
                    name='DeploymentEvent',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('deployment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='gateway.deployment')),
                        ('change', models.CharField(choices=[('opened', 'Out'), ('closed', 'Back')], max_length=10)),
                        ('reason', models.CharField(blank=True, choices=[('failing', 'Its calls failed'), ('slow', 'Its first tokens were slow')], max_length=10)),
                        ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='at')),
                    ],
                    options={
                        'ordering': ('-id',),
                        'indexes': [],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='ProviderAccount',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(help_text='What people here call it.', max_length=100, unique=True)),
                        ('provider', models.CharField(choices=[('openai', 'OpenAI'), ('anthropic', 'Anthropic'), ('perplexity', 'Perplexity'), ('openai-compatible', 'Another that speaks as OpenAI')], max_length=20)),
                        ('base_url', models.CharField(blank=True, default='', help_text="Where it is, up to what stands before /chat/completions or /v1/messages. Empty: the provider's own.", max_length=300, verbose_name='address')),
                        ('organisation', models.CharField(blank=True, default='', help_text="OpenAI's organization ID, where the key has several.", max_length=100)),
                        ('is_enabled', models.BooleanField(default=True, verbose_name='enabled')),
                        ('key_expires_on', models.DateField(blank=True, help_text='If it is known. You are told two weeks ahead.', null=True, verbose_name='key expires on')),
                        ('sealed_key', models.BinaryField(default=b'')),
                        ('key_hint', models.CharField(blank=True, default='', editable=False, max_length=8, verbose_name='key')),
                        ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, help_text='What the encrypted key is bound to.', unique=True)),
                        ('last_refused_at', models.DateTimeField(editable=False, help_text='When the provider last said that it takes no call.', null=True, verbose_name='key last refused')),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        'verbose_name': 'provider account',
                        'ordering': ('name',),
                        'indexes': [],
                        'constraints': [],
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
            sha256='94d8aecd81b2fe70f80e0d2871d5d7a051603d0489a764bab7fe877fd5f40410',
        ),
    ]
