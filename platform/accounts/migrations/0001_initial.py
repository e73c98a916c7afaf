import accounts.models.team
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import kernel.migrations
import kernel.time_zones
import kernel.triggers
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        kernel.migrations.CreateModels(
            operations=[
                migrations.CreateModel(
                    name='Team',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(max_length=100, unique=True)),
                        ('description', models.TextField(blank=True)),
                        ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, help_text='Seeds the keys derived for this team.', unique=True)),
                        ('weight', models.PositiveSmallIntegerField(default=1, help_text="The team's share where calls must queue: a team with 2 goes twice as often as one with 1.", validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)])),
                        ('end_user_from', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('user_id', 'metadata.user_id (Anthropic, Claude Code)'), ('user', 'user (OpenAI)'), ('safety_identifier', 'safety_identifier (OpenAI)'), ('prompt_cache_key', 'prompt_cache_key (OpenAI, Codex)')], max_length=32), blank=True, db_default=[], default=list, help_text='Where clients tell whom a call is for, beside X-Gatehouse-End-User: the first that says something. Whoever has a key may write it.', size=None, verbose_name='end users from')),
                        ('session_from', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('headers', 'Headers of Claude Code, Codex and opencode'), ('user_id', 'metadata.user_id (Claude Code)'), ('prompt_cache_key', 'prompt_cache_key (OpenAI, Codex)')], max_length=32), blank=True, db_default=['headers', 'user_id'], default=accounts.models.team.usual_session_sources, help_text='Where clients tell which session a call is of, beside X-Gatehouse-Session.', size=None, verbose_name='sessions from')),
                        ('time_zone', models.CharField(blank=True, db_default='', default='', help_text='By whose clock the half-days of kept answers begin, such as Europe/Berlin. Empty: GATEHOUSE_TIME_ZONE.', max_length=64, validators=[kernel.time_zones.known_zone])),
                        ('loop_action', models.CharField(choices=[('off', 'Nothing'), ('warn', 'Warn in a header'), ('stop', 'Refuse the call')], db_default='warn', default='warn', help_text='An agent that repeats itself asks for the same tool with the same arguments, gets the same error, or gives the same answer, again and again in one session.', max_length=8, verbose_name='when an agent repeats itself')),
                        ('loop_repeats', models.PositiveSmallIntegerField(db_default=3, default=3, help_text='How often the same is a loop.', validators=[django.core.validators.MinValueValidator(2), django.core.validators.MaxValueValidator(100)], verbose_name='repeats')),
                        ('loop_tokens', models.PositiveIntegerField(db_default=0, default=0, help_text='Tokens of one session without a tool call or an answer that is new, which count as a loop, too. 0: any number.', verbose_name='tokens without progress')),
                        ('response_days', models.PositiveSmallIntegerField(blank=True, help_text="Of OpenAI's Responses API, so that callers can go on from them: masked, and encrypted with the team's key. Empty: they are not stored.", null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='days that responses are stored')),
                        ('regions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32, validators=[django.core.validators.RegexValidator('^[a-z][a-z0-9-]{1,30}$', 'A region, such as eu-central-1, or a geography, such as eu.')]), blank=True, db_default=[], default=list, help_text='Calls are answered in these regions or geographies only (eu-central-1, eu), fail-overs too. Empty: anywhere.', size=None)),
                        ('may_leave_aws', models.BooleanField(db_default=False, default=False, help_text='Whether calls of this team may go to providers beside Bedrock.', verbose_name='may leave AWS')),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        'ordering': ('name',),
                        'indexes': [],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='Application',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='accounts.team')),
                        ('name', models.CharField(max_length=100)),
                        ('description', models.TextField(blank=True)),
                        ('is_active', models.BooleanField(default=True, help_text="An inactive application's keys are refused.", verbose_name='active')),
                        ('is_internal', models.BooleanField(db_default=False, default=False, editable=False, help_text="Gatehouse's own calls for the team: evaluations, the playground, knowledge. Its key is never shown.")),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        'ordering': ('team__name', 'name'),
                        'constraints': [models.UniqueConstraint(fields=('team', 'name'), name='application_name_once_per_team')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='User',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('password', models.CharField(max_length=128, verbose_name='password')),
                        ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                        ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                        ('email', models.EmailField(max_length=254, unique=True)),
                        ('name', models.CharField(blank=True, max_length=150)),
                        ('is_active', models.BooleanField(default=True, help_text='Uncheck instead of deleting: records keep naming the person.', verbose_name='active')),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                        ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                        ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                    ],
                    options={
                        'verbose_name': 'person',
                        'verbose_name_plural': 'people',
                        'ordering': ('email',),
                        'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='user_email_unique_ignoring_case')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='ApiKey',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('application', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to='accounts.application')),
                        ('name', models.CharField(blank=True, help_text='What this key is for, such as “production”.', max_length=100)),
                        ('key_id', models.CharField(editable=False, max_length=16, unique=True)),
                        ('secret_hash', models.BinaryField(max_length=32)),
                        ('allowed_models', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, help_text='Names of routes this key may call, separated by commas. Empty: all.', size=None)),
                        ('allowed_networks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, help_text='Networks the caller must be in, such as 10.0.0.0/8, separated by commas. Empty: any.', size=None)),
                        ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                        ('expires_at', models.DateTimeField(blank=True, help_text='Empty: never.', null=True)),
                        ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                        ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                        ('rotated_from', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='rotations', to='accounts.apikey')),
                    ],
                    options={
                        'verbose_name': 'API key',
                        'ordering': ('-created_at',),
                        'indexes': [],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='Membership',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('user', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                        ('waits_for', models.EmailField(blank=True, db_default='', editable=False, help_text='Whom it waits for, in lower case; empty when they are in.', max_length=254)),
                        ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='accounts.team')),
                        ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('developer', 'Developer'), ('reviewer', 'Reviewer'), ('viewer', 'Viewer')], default='developer', max_length=16)),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        'ordering': ('team__name', 'user__email', 'waits_for'),
                        'constraints': [models.UniqueConstraint(fields=('user', 'team'), name='membership_once_per_team'), models.UniqueConstraint(condition=models.Q(('waits_for', ''), _negated=True), fields=('waits_for', 'team'), name='membership_waits_once_per_team'), models.CheckConstraint(condition=models.Q(('user', None), ('waits_for', ''), _connector='XOR'), name='membership_of_somebody')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='RootSecret',
                    fields=[
                        ('id', models.SmallAutoField(primary_key=True, serialize=False)),
                        ('sealed', models.BinaryField(help_text='The secret, encrypted.')),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                        ('rewrapped_at', models.DateTimeField(editable=False, null=True, verbose_name='put under another master key at')),
                    ],
                    options={
                        'verbose_name': 'root secret',
                        'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_root_secret')],
                        'indexes': [],
                    },
                ),
                migrations.CreateModel(
                    name='SignIn',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_ins', to=settings.AUTH_USER_MODEL)),
                        ('address', models.CharField(blank=True, max_length=64)),
                        ('client', models.CharField(blank=True, help_text='What the browser says it is.', max_length=300)),
                        ('began_at', models.DateTimeField(verbose_name='signed in')),
                        ('seen_at', models.DateTimeField(help_text='To the minute.', verbose_name='last seen')),
                        ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                    ],
                    options={
                        'verbose_name': 'sign-in',
                        'ordering': ('-began_at', '-id'),
                        'indexes': [],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='SignInAttempt',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('at', models.DateTimeField()),
                        ('account', models.CharField(blank=True, help_text='As it was typed. Empty: it was no e-mail address.', max_length=254)),
                        ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('address', models.CharField(blank=True, max_length=64)),
                        ('outcome', models.CharField(choices=[('succeeded', 'Signed in'), ('failed', 'Wrong address or password'), ('refused', 'Too many tries')], max_length=16)),
                    ],
                    options={
                        'verbose_name': 'attempt to sign in',
                        'verbose_name_plural': 'attempts to sign in',
                        'ordering': ('-at', '-id'),
                        'indexes': [models.Index(fields=['-at', '-id'], name='sign_in_attempt_newest')],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='SignInCount',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.CharField(choices=[('account', 'Account'), ('address', 'Address')], max_length=8)),
                        ('subject', models.CharField(max_length=254)),
                        ('tries', models.PositiveIntegerField()),
                        ('began_at', models.DateTimeField(verbose_name='since')),
                    ],
                    options={
                        'verbose_name': 'locked sign-in',
                        'ordering': ('-began_at', '-id'),
                        'constraints': [models.UniqueConstraint(fields=('kind', 'subject'), name='sign_in_count_once')],
                        'indexes': [],
                    },
                ),
            ],
        ),
        kernel.migrations.RunSource(
            source='accounts/sql/root_secret.sql',
            sha256='fca4acf501f76a6be12d4060a4efb1e614593327dad3531b86eb2cb2cb85fe6d',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rootsecret',
            trigger=pgtrigger.compiler.Trigger(name='guarded', sql=kernel.triggers.TriggerSql(execute='gatehouse_guard_root_secret()', func='', hash='41b4c3f727750ca01bb789e287ea60da644675c8', operation='UPDATE', pgid='guarded', table='accounts_rootsecret', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rootsecret',
            trigger=pgtrigger.compiler.Trigger(name='kept', sql=kernel.triggers.TriggerSql(execute='gatehouse_guard_root_secret()', func='', hash='7ccc07f1bf008fe9aa8a869e7a9b43b8f75e5305', operation='DELETE', pgid='kept', table='accounts_rootsecret', when='BEFORE')),
        ),
    ]
