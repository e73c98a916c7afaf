import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
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
                        ('kind', models.CharField(choices=[('text', 'Text'), ('embedding', 'Embedding')], default='text', max_length=16)),
                        ('context_window', models.PositiveIntegerField(help_text='Tokens of input the model accepts.')),
                        ('max_output_tokens', models.PositiveIntegerField(default=0, help_text='Tokens of one answer at most; 0 for embeddings.')),
                        ('supports_tools', models.BooleanField(default=False)),
                        ('supports_images', models.BooleanField(default=False)),
                        ('supports_prompt_cache', models.BooleanField(default=False)),
                        ('supports_structured_output', models.BooleanField(db_default=False, default=False, help_text="Whether it can be held to a JSON Schema (Converse's outputConfig).")),
                        ('end_of_life', models.DateField(blank=True, help_text='When AWS ends the model.', null=True)),
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
                        ('default_max_tokens', models.PositiveIntegerField(default=4096, help_text='Tokens of the answer when the caller does not say.', validators=[django.core.validators.MinValueValidator(1)])),
                        ('max_tokens_limit', models.PositiveIntegerField(blank=True, help_text='The most a caller may ask for. Empty: what the model allows.', null=True, validators=[django.core.validators.MinValueValidator(1)])),
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
