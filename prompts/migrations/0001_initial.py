import django.contrib.postgres.fields
import django.contrib.postgres.operations
import django.core.validators
import django.db.models.deletion
import kernel.migrations
import kernel.triggers
import pgtrigger.compiler
import pgtrigger.migrations
import pgvector.django.halfvec
import prompts.rollout.models.experiment
import prompts.rollout.models.rollout
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('governance', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        django.contrib.postgres.operations.CreateExtension(
            name='vector',
        ),
        migrations.CreateModel(
            name='Arm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('name', models.CharField(help_text='Such as “as it is”, “shorter”.', max_length=50)),
                ('model', models.CharField(blank=True, help_text="A route. Empty: the version's own.", max_length=200, verbose_name='other model')),
                ('weight', models.PositiveSmallIntegerField(default=1, help_text='With 1 and 3, the second gets three calls of four.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)])),
            ],
            options={
                'ordering': ('position', 'id'),
            },
        ),
        migrations.CreateModel(
            name='DocumentVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveBigIntegerField(help_text='Bytes.')),
                ('chunk_count', models.PositiveIntegerField(null=True, verbose_name='passages')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('-number',),
            },
        ),
        migrations.CreateModel(
            name='TestCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('position', models.PositiveIntegerField(default=0)),
                ('variables', models.JSONField(blank=True, default=dict)),
                ('expected', models.JSONField(blank=True, help_text='A text, or JSON. Empty: nothing to compare with.', null=True)),
                ('assertions', models.JSONField(blank=True, default=list, help_text='Besides those of the test set.')),
                ('note', models.TextField(blank=True)),
                ('source', models.CharField(choices=[('typed', 'Typed in'), ('csv', 'CSV'), ('jsonl', 'JSON lines'), ('call', 'A recorded call')], default='typed', editable=False, max_length=8)),
                ('call_id', models.UUIDField(editable=False, help_text='The call it was made from.', null=True)),
                ('removed_at', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('position', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Evaluation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('candidates', models.JSONField(help_text="[{version, model, digest, revision}, …]; model “” is the version's own.")),
                ('judges', models.JSONField(db_default={}, default=dict, help_text="{name: id} of the prompts that judges' names meant as it began.")),
                ('repeats', models.PositiveSmallIntegerField(default=1)),
                ('weights', models.JSONField(default=dict, help_text='{cost, quality, latency}, which come to 1.')),
                ('budget_nanos', models.BigIntegerField(help_text='It stops before it costs more.', verbose_name='cap on cost')),
                ('concurrency', models.PositiveSmallIntegerField(default=4, help_text='Calls at once.')),
                ('set_revision', models.PositiveIntegerField(help_text='The revision of the test set that is run.')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('stopped', 'Stopped'), ('failed', 'Failed'), ('finished', 'Finished')], default='queued', max_length=16)),
                ('reason', models.CharField(blank=True, choices=[('cancelled', 'Cancelled'), ('cap', 'Its own cap on cost is reached'), ('budget', 'A budget of the team is used up'), ('unreachable', "The gateway can't be reached"), ('rate_limited', 'Rate limits leave it no room'), ('changed', 'What it tests was changed meanwhile'), ('fault', 'A fault of Gatehouse: it is in the log')], max_length=16)),
                ('detail', models.CharField(blank=True, help_text='Message for people.', max_length=500)),
                ('is_cancel_requested', models.BooleanField(default=False)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('passed', models.PositiveIntegerField(default=0)),
                ('spent_nanos', models.BigIntegerField(default=0, verbose_name='spent')),
                ('dearest_nanos', models.BigIntegerField(default=0, help_text='The most expensive call so far.')),
                ('lease_until', models.DateTimeField(help_text='Lease of the worker that runs it.', null=True)),
                ('not_before', models.DateTimeField(help_text='Not before this time: a rate limit asked to wait.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'run',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='EvaluationResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('candidate', models.PositiveSmallIntegerField(help_text="Its place in the evaluation's candidates.")),
                ('repeat', models.PositiveSmallIntegerField(default=0)),
                ('is_done', models.BooleanField(default=False)),
                ('verdict', models.CharField(blank=True, choices=[('passed', 'Passed'), ('failed', 'Failed'), ('unjudged', 'Could not be judged')], max_length=16)),
                ('call_id', models.UUIDField(null=True)),
                ('output', models.TextField(blank=True)),
                ('outcomes', models.JSONField(default=list, help_text='[{kind, verdict, message, score}, …] as the assertions stand.')),
                ('error', models.CharField(blank=True, max_length=1000)),
                ('cost_nanos', models.BigIntegerField(default=0, help_text='Of the answer alone.', verbose_name='cost')),
                ('total_nanos', models.BigIntegerField(default=0, help_text='With judges and embeddings.', verbose_name='total cost')),
                ('duration_ms', models.FloatField(default=0)),
                ('tokens', models.PositiveIntegerField(default=0)),
                ('contract', models.CharField(blank=True, max_length=16)),
                ('finished_at', models.DateTimeField(null=True)),
                ('evaluation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='results', to='prompts.evaluation')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='results', to='prompts.testcase')),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='Experiment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Such as “Shorter answers”.', max_length=100)),
                ('hypothesis', models.TextField(blank=True, help_text='What is expected to become better, and why.')),
                ('label', models.CharField(help_text='Whose calls are shared out, such as “production”.', max_length=50)),
                ('unit', models.CharField(choices=[('end_user', 'End user'), ('session', 'Session'), ('call', 'Each call by itself')], default='end_user', help_text='The same end user, or session, gets the same arm every time. Calls that name none are drawn by chance.', max_length=16, verbose_name='told apart by')),
                ('minimum', models.PositiveIntegerField(default=200, help_text='Nothing is said before each arm has had so many end users, sessions or calls.', validators=[django.core.validators.MinValueValidator(50), django.core.validators.MaxValueValidator(10000000)], verbose_name='minimum sample')),
                ('metrics', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('helpful', 'Helpful answers'), ('score', 'Score of feedback'), ('checks', 'Answers that pass the checks'), ('contract', 'Broken contracts'), ('errors', 'Errors'), ('cost', 'Cost per call'), ('latency', 'Duration')], max_length=16), default=prompts.rollout.models.experiment.usual_metrics, help_text='What arms are compared by. The first is what it is about; the others must not suffer.', size=None)),
                ('checks', models.JSONField(blank=True, db_default=models.Value([], output_field=models.JSONField()), default=list, help_text="What answers must be like: a JSON list of assertions that look at the answer's text alone.")),
                ('salt', models.BinaryField(default=prompts.rollout.models.experiment.new_salt)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('running', 'Running'), ('stopped', 'Stopped')], default='draft', editable=False, max_length=16)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(editable=False, null=True)),
                ('stopped_at', models.DateTimeField(editable=False, null=True)),
                ('stop_reason', models.TextField(blank=True, editable=False)),
                ('told_at', models.DateTimeField(editable=False, help_text='When people were told that there is a result.', null=True)),
                ('next_check_at', models.DateTimeField(editable=False, null=True)),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('winner', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='prompts.arm')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.AddField(
            model_name='arm',
            name='experiment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='arms', to='prompts.experiment'),
        ),
        migrations.CreateModel(
            name='KnowledgeBase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='What prompts call it, such as “handbook”.', max_length=100, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9._-]*\\Z', 'Use lower-case letters, digits, dots, dashes and underscores.')])),
                ('description', models.TextField(blank=True, help_text='What is in it, and who looks after it.')),
                ('kind', models.CharField(choices=[('local', 'Documents kept here'), ('bedrock', 'A knowledge base of Bedrock')], default='local', max_length=8)),
                ('route', models.CharField(blank=True, help_text="The route that turns texts into vectors, such as “titan-embed-text-v2”. It can't be changed later.", max_length=100, verbose_name='embedding model')),
                ('dimensions', models.PositiveSmallIntegerField(blank=True, help_text="Numbers in a vector: 256, 512 or 1024 with Titan V2, 1024 with Cohere. It can't be changed later.", null=True, validators=[django.core.validators.MinValueValidator(64), django.core.validators.MaxValueValidator(3072)])),
                ('bedrock_id', models.CharField(blank=True, help_text='In Bedrock.', max_length=100, verbose_name='knowledge base id')),
                ('region', models.CharField(blank=True, help_text='Where it is in Bedrock.', max_length=30)),
                ('language', models.CharField(choices=[('simple', 'Any: words as they are written'), ('english', 'English'), ('german', 'German'), ('french', 'French'), ('spanish', 'Spanish'), ('italian', 'Italian'), ('dutch', 'Dutch'), ('portuguese', 'Portuguese')], default='english', max_length=16)),
                ('top_k', models.PositiveSmallIntegerField(default=5, help_text='At most so many passages are found for a question.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(50)], verbose_name='passages')),
                ('floor', models.FloatField(default=0.7, help_text='From 0 to 1. Passages less similar to the question are left out. Models differ: try some questions.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)], verbose_name='minimum similarity')),
                ('max_tokens', models.PositiveIntegerField(default=2000, help_text='All passages for a question together are no longer than this.', validators=[django.core.validators.MinValueValidator(50), django.core.validators.MaxValueValidator(100000)], verbose_name='max tokens')),
                ('chunk_tokens', models.PositiveSmallIntegerField(default=300, help_text="Documents are cut into passages of at most this length. Cohere's models read 512 at most.", validators=[django.core.validators.MinValueValidator(50), django.core.validators.MaxValueValidator(2000)], verbose_name='tokens in a passage')),
                ('overlap_tokens', models.PositiveSmallIntegerField(default=40, help_text='How much of a passage is said again at the start of the next.', validators=[django.core.validators.MaxValueValidator(500)], verbose_name='tokens of overlap')),
                ('source', models.CharField(blank=True, help_text='Documents are read from here too, and follow what changes: /srv/handbook or s3://bucket/handbook.', max_length=500, verbose_name='folder or S3 address')),
                ('synced_at', models.DateTimeField(editable=False, null=True, verbose_name='last synced')),
                ('sync_error', models.TextField(blank=True, editable=False)),
                ('is_indexed', models.BooleanField(default=False, editable=False)),
                ('common_words', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, editable=False, size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='knowledge_bases', to='accounts.team')),
            ],
            options={
                'ordering': ('team__name', 'name'),
            },
        ),
        migrations.CreateModel(
            name='KnowledgeDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=500)),
                ('media_type', models.CharField(max_length=100)),
                ('source', models.CharField(choices=[('upload', 'Upload'), ('folder', 'Folder'), ('s3', 'S3')], default='upload', max_length=8)),
                ('reference', models.CharField(blank=True, help_text='Where it was read.', max_length=1000)),
                ('mark', models.CharField(blank=True, help_text='What changes at its source when it does.', max_length=100)),
                ('application_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, help_text="The only applications that may be given what it says. Empty: all of the team's.", size=None)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('indexing', 'Being read'), ('paused', 'Waiting for the budget'), ('ready', 'Ready'), ('failed', 'Failed')], default='queued', max_length=8)),
                ('error', models.TextField(blank=True)),
                ('claimed_at', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('base', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='documents', to='prompts.knowledgebase')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('current', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='prompts.documentversion')),
            ],
            options={
                'ordering': ('name', 'id'),
            },
        ),
        migrations.AddField(
            model_name='documentversion',
            name='document',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='prompts.knowledgedocument'),
        ),
        migrations.CreateModel(
            name='Chunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('headings', models.TextField(blank=True, help_text='The headings above it, outermost first.')),
                ('text', models.TextField()),
                ('tokens', models.PositiveIntegerField()),
                ('digest', models.CharField(help_text='SHA-256 of headings and text: what the vector is of.', max_length=64)),
                ('language', models.CharField(max_length=16)),
                ('vector', pgvector.django.halfvec.HalfVectorField(null=True)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='prompts.documentversion')),
                ('base', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='prompts.knowledgebase')),
                ('document', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='prompts.knowledgedocument')),
            ],
            options={
                'ordering': ('version', 'position'),
            },
        ),
        migrations.CreateModel(
            name='Prompt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='What applications call, such as “support-reply”.', max_length=100, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9._-]*\\Z', 'Use lower-case letters, digits, dots, dashes and underscores.')])),
                ('description', models.TextField(blank=True, help_text='What it is for, and who may be asked about it.')),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list, help_text='Separated by commas. Approval rules may go by them.', size=None)),
                ('is_enabled', models.BooleanField(default=True, help_text='Switched off, every call gets the fallback answer, and no model is asked.', verbose_name='switched on')),
                ('fallback', models.TextField(blank=True, help_text="What callers get when the prompt is switched off, or when its answer can't be used.")),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, help_text='Empty: shared by all teams.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='prompts', to='accounts.team')),
            ],
            options={
                'ordering': ('name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='LabelMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(max_length=50)),
                ('from_version', models.PositiveIntegerField(help_text='The number of the version before.', null=True)),
                ('to_version', models.PositiveIntegerField(help_text='Empty: the label was taken away.', null=True)),
                ('reason', models.TextField(blank=True)),
                ('is_automatic', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('moved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('prompt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='label_moves', to='prompts.prompt')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.AddField(
            model_name='experiment',
            name='prompt',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='experiments', to='prompts.prompt'),
        ),
        migrations.CreateModel(
            name='PromptVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('approved', 'Approved'), ('withdrawn', 'Withdrawn')], default='draft', max_length=16)),
                ('document', models.JSONField(default=dict, help_text='See prompts.registry.policy.document.')),
                ('digest', models.CharField(blank=True, help_text='SHA-256 of the document, set when submitted.', max_length=64)),
                ('revision', models.PositiveIntegerField(default=1, help_text='Revision for optimistic locking; a save with a stale revision is rejected.')),
                ('note', models.TextField(blank=True, verbose_name='what changed')),
                ('goal', models.TextField(blank=True, help_text='The measurable effect expected of the change, such as “fewer follow-up questions”.')),
                ('editors', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_default=[], default=list, editable=False, help_text='Ids of all who saved it as a draft, the last one last: none of them reviews it.', size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('submitted_at', models.DateTimeField(editable=False, null=True)),
                ('approved_at', models.DateTimeField(editable=False, null=True)),
                ('author', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('prompt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='prompts.prompt')),
            ],
            options={
                'ordering': ('-number',),
            },
        ),
        migrations.CreateModel(
            name='Label',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9._-]*\\Z', 'Use lower-case letters, digits, dots, dashes and underscores.')])),
                ('is_protected', models.BooleanField(default=False, help_text='Moves only to an approved version whose required tests passed.', verbose_name='protected')),
                ('moved_at', models.DateTimeField(auto_now=True)),
                ('prompt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='labels', to='prompts.prompt')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='labels', to='prompts.promptversion')),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.AddField(
            model_name='arm',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='arms', to='prompts.promptversion'),
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.CharField(choices=[('approve', 'Approved'), ('request_changes', 'Changes requested')], max_length=16)),
                ('comment', models.TextField(blank=True)),
                ('digest', models.CharField(help_text='Of the document that was read.', max_length=64)),
                ('is_stale', models.BooleanField(default=False, help_text='The version was taken back and changed since.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('reviewer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reviews', to='prompts.promptversion')),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='ReviewComment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(blank=True, help_text='Such as “messages.0”. Empty: the whole.', max_length=200)),
                ('line', models.PositiveIntegerField(help_text='From 1.', null=True)),
                ('text', models.TextField()),
                ('is_resolved', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='prompts.promptversion')),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='ReviewRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='What reviewers read, such as “Legal reads changed words”.', max_length=100)),
                ('approvals', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(20)])),
                ('tag', models.CharField(blank=True, help_text='Only for prompts with this tag. Empty: all.', max_length=50)),
                ('parts', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('messages', 'Messages and examples'), ('variables', 'Variables'), ('model', 'Model and parameters'), ('tools', 'Tools'), ('output', 'Output contract'), ('privacy', 'Privacy policy'), ('context', 'Context and knowledge'), ('limits', 'Token limits')], max_length=16), blank=True, default=list, help_text='Only where one of these parts changed. Empty: whatever changed.', size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('reviewers', models.ManyToManyField(blank=True, help_text="Whose approvals count. Empty: everybody's who may approve in the team.", related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='review_rules', to='accounts.team')),
            ],
            options={
                'ordering': ('team__name', 'name'),
            },
        ),
        migrations.CreateModel(
            name='Rollout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(help_text='Such as “production”. Moved at the end.', max_length=50)),
                ('unit', models.CharField(choices=[('end_user', 'End user'), ('session', 'Session'), ('call', 'Each call by itself')], default='end_user', help_text='The same end user, or session, gets the same version. Calls that name none are drawn by chance.', max_length=16, verbose_name='told apart by')),
                ('salt', models.BinaryField(default=prompts.rollout.models.experiment.new_salt)),
                ('plan', models.JSONField(default=prompts.rollout.models.rollout.usual_plan, help_text='Steps: a share of callers, for at least so many minutes and calls.')),
                ('segment', models.JSONField(blank=True, default=dict, help_text='Whose calls take part; the others stay with the label. Empty: all.')),
                ('guardrails', models.JSONField(blank=True, default=prompts.rollout.models.rollout.usual_guardrails, help_text='What takes it back: each at most so much, or so many times the version before.')),
                ('checks', models.JSONField(blank=True, db_default=models.Value([], output_field=models.JSONField()), default=list, help_text="What answers must be like: a JSON list of assertions that look at the answer's text alone.")),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('running', 'Running'), ('paused', 'Paused'), ('rolled_back', 'Rolled back'), ('completed', 'Completed')], default='draft', editable=False, max_length=16)),
                ('step', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('reason', models.TextField(blank=True, editable=False, help_text='Of what was done last.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(editable=False, null=True)),
                ('step_started_at', models.DateTimeField(editable=False, null=True)),
                ('ended_at', models.DateTimeField(editable=False, null=True)),
                ('next_check_at', models.DateTimeField(editable=False, null=True)),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('prompt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rollouts', to='prompts.prompt')),
                ('stable_version', models.ForeignKey(editable=False, help_text='Where the label was when it started.', null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='prompts.promptversion')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='rollouts', to='prompts.promptversion')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='RolloutEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('start', 'Started'), ('advance', 'Next step'), ('pause', 'Paused'), ('resume', 'Resumed'), ('roll_back', 'Rolled back'), ('complete', 'Completed')], max_length=16)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('running', 'Running'), ('paused', 'Paused'), ('rolled_back', 'Rolled back'), ('completed', 'Completed')], help_text='After it.', max_length=16)),
                ('step', models.PositiveSmallIntegerField(help_text='After it, from 0 on.')),
                ('share', models.FloatField(help_text='Of callers that get the version after it, from 0 to 1.')),
                ('reason', models.TextField(blank=True)),
                ('figures', models.JSONField(default=dict, help_text='Of both versions in the step before, and the checks made.')),
                ('is_automatic', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rollout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='prompts.rollout')),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='ServiceContract',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_enabled', models.BooleanField(default=True, verbose_name='watched')),
                ('p95_ms', models.PositiveIntegerField(blank=True, help_text='Milliseconds.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='95 % of calls within')),
                ('availability', models.DecimalField(blank=True, decimal_places=3, help_text="Per cent of calls that get an answer. Those that were the caller's own fault don't count.", max_digits=6, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='availability')),
                ('max_cost_nanos', models.BigIntegerField(blank=True, help_text='On average.', null=True, verbose_name='highest cost per call')),
                ('format_percent', models.DecimalField(blank=True, decimal_places=3, help_text='Per cent, after corrections.', max_digits=6, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='answers that fit the output contract')),
                ('when_unsure', models.CharField(blank=True, choices=[('', 'Nothing is promised'), ('fallback', 'Callers get the fallback answer'), ('refuse', 'The call is refused'), ('say_so', 'The answer says that it is unsure')], help_text='A version is unsure where its knowledge says too little, or its answer says so.', max_length=16, verbose_name='when unsure')),
                ('fallback_percent', models.DecimalField(blank=True, decimal_places=3, help_text='Per cent of calls.', max_digits=6, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='at most on the fallback answer')),
                ('window_minutes', models.PositiveIntegerField(default=60, help_text='Minutes. The calls of so long are looked at together.', validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(1440)], verbose_name='watched over')),
                ('minimum_calls', models.PositiveIntegerField(default=20, help_text='Calls: fewer say too little.', validators=[django.core.validators.MinValueValidator(1)], verbose_name='minimum')),
                ('checked_at', models.DateTimeField(editable=False, null=True)),
                ('measured', models.JSONField(default=dict, editable=False, help_text='What was seen at the last check.')),
                ('seen', models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict, editable=False, help_text='How many calls were looked at then, and how many of them were unsure.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('prompt', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='service_contract', to='prompts.prompt')),
            ],
            options={
                'ordering': ('prompt__name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='ContractBreach',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('term', models.CharField(choices=[('latency', 'Latency'), ('availability', 'Availability'), ('cost', 'Cost'), ('format', 'Output format'), ('fallback', 'Fallback answers'), ('unsure', 'When unsure')], max_length=16)),
                ('promised', models.CharField(max_length=60)),
                ('measured', models.CharField(help_text='What was seen last.', max_length=100)),
                ('calls', models.PositiveIntegerField(help_text='So many calls were looked at.')),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('contract', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='breaches', to='prompts.servicecontract')),
            ],
            options={
                'verbose_name_plural': 'contract breaches',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='TestSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Such as “Refunds” or “Hard questions”.', max_length=100)),
                ('description', models.TextField(blank=True)),
                ('assertions', models.JSONField(blank=True, default=list, help_text='A JSON list, such as [{“kind”: “contains”, “texts”: [“refund”]}, {“kind”: “latency”, “at_most_ms”: 3000}]. Kinds: equals, contains, pattern, json_schema, numeric, similarity, forbidden, latency, cost, judge. A case may have more of its own.', verbose_name='assertions for every case')),
                ('is_required', models.BooleanField(default=False, help_text='A protected label takes a version only when the last run of this set on that version passed.', verbose_name='required')),
                ('pass_percent', models.PositiveSmallIntegerField(default=100, help_text='Percentage of answers that must pass for a run to pass.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='passes at')),
                ('revision', models.PositiveIntegerField(default=1, editable=False, help_text='Revision; incremented by every change to a case or assertion.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('prompt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='test_sets', to='prompts.prompt')),
                ('team', models.ForeignKey(help_text='The team whose budget its runs are charged to.', on_delete=django.db.models.deletion.CASCADE, related_name='test_sets', to='accounts.team')),
            ],
            options={
                'ordering': ('prompt__name', 'name', 'id'),
            },
        ),
        migrations.AddField(
            model_name='testcase',
            name='test_set',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cases', to='prompts.testset'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='test_set',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='evaluations', to='prompts.testset'),
        ),
        migrations.CreateModel(
            name='VersionContent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('original', models.BinaryField(null=True)),
                ('blocks', models.JSONField(null=True)),
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='content', to='prompts.documentversion')),
            ],
        ),
        migrations.CreateModel(
            name='ContextSource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Templates read it by this name, such as “house_rules”.', max_length=50, validators=[django.core.validators.RegexValidator('^[a-z][a-z0-9_]*\\Z', 'Templates read it by this name: use lower-case letters, digits and underscores.')])),
                ('description', models.CharField(blank=True, max_length=300)),
                ('kind', models.CharField(choices=[('text', 'A text kept here'), ('sql', 'Rows of a read-only view'), ('http', 'An answer over HTTP')], default='text', max_length=8)),
                ('text', models.TextField(blank=True, help_text='Domain facts, a role, business rules, examples.')),
                ('view', models.CharField(blank=True, help_text='Its name, such as “sales.customer_facts”. The template gets a list of its rows.', max_length=130, validators=[django.core.validators.RegexValidator('^[a-z_][a-z0-9_]*(\\.[a-z_][a-z0-9_]*)?\\Z', 'Write view, or schema.view, in lower case.')])),
                ('key_column', models.CharField(blank=True, help_text='Only rows where this column has the value of the variable below.', max_length=63, validators=[django.core.validators.RegexValidator('^[a-z][a-z0-9_]*\\Z', 'Templates read it by this name: use lower-case letters, digits and underscores.')])),
                ('variable', models.CharField(blank=True, help_text='A variable of the prompt: it picks the rows, or stands in the URL.', max_length=100)),
                ('url', models.CharField(blank=True, help_text="{value} stands for the variable's value, encoded: https://crm.example.com/facts/{value}.", max_length=500, verbose_name='URL')),
                ('most_rows', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(500)])),
                ('timeout_ms', models.PositiveIntegerField(default=1000, validators=[django.core.validators.MinValueValidator(50), django.core.validators.MaxValueValidator(30000)], verbose_name='timeout (ms)')),
                ('cache_seconds', models.PositiveIntegerField(default=300, help_text='0: asked for every call.', validators=[django.core.validators.MaxValueValidator(86400)], verbose_name='cache seconds')),
                ('on_failure', models.CharField(choices=[('refuse', 'Refuse the call'), ('empty', 'Go on without it')], default='refuse', max_length=8, verbose_name='when it fails')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='context_sources', to='accounts.team')),
            ],
            options={
                'ordering': ('team__name', 'name'),
                'constraints': [models.UniqueConstraint(fields=('team', 'name'), name='context_source_once')],
            },
        ),
        migrations.CreateModel(
            name='EvaluationCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(max_length=40)),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('refusals', models.PositiveSmallIntegerField(default=0, help_text='Since the run was started or resumed.')),
                ('state', models.CharField(choices=[('claimed', 'Claimed'), ('waiting', 'To be tried again'), ('settled', 'Settled')], default='claimed', max_length=16)),
                ('claimed_at', models.DateTimeField()),
                ('retry_at', models.DateTimeField(null=True)),
                ('call_id', models.UUIDField(null=True)),
                ('response', models.JSONField(default=dict, help_text='Kept until the result is done.')),
                ('error', models.CharField(blank=True, max_length=1000)),
                ('cost_nanos', models.BigIntegerField(default=0)),
                ('duration_ms', models.FloatField(default=0)),
                ('result', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='prompts.evaluationresult')),
            ],
            options={
                'ordering': ('id',),
                'constraints': [models.UniqueConstraint(fields=('result', 'purpose'), name='evaluation_call_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='knowledgebase',
            constraint=models.UniqueConstraint(fields=('team', 'name'), name='knowledge_base_name_once'),
        ),
        migrations.AddConstraint(
            model_name='knowledgebase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('dimensions__isnull', False), ('kind', 'local'), models.Q(('route', ''), _negated=True)), models.Q(('kind', 'bedrock'), models.Q(('bedrock_id', ''), _negated=True), models.Q(('region', ''), _negated=True)), _connector='OR'), name='knowledge_base_kind'),
        ),
        migrations.AddIndex(
            model_name='knowledgedocument',
            index=models.Index(condition=models.Q(('state__in', ('queued', 'indexing', 'paused'))), fields=['state', 'updated_at'], name='knowledge_document_waiting'),
        ),
        migrations.AddIndex(
            model_name='knowledgedocument',
            index=models.Index(condition=models.Q(('application_ids', []), _negated=True), fields=['base'], name='knowledge_document_restricted'),
        ),
        migrations.AddConstraint(
            model_name='knowledgedocument',
            constraint=models.UniqueConstraint(fields=('base', 'source', 'name'), name='knowledge_document_once'),
        ),
        migrations.AddConstraint(
            model_name='documentversion',
            constraint=models.UniqueConstraint(fields=('document', 'number'), name='document_version_once'),
        ),
        migrations.AddConstraint(
            model_name='chunk',
            constraint=models.UniqueConstraint(fields=('version', 'position'), name='chunk_once'),
        ),
        migrations.AddConstraint(
            model_name='prompt',
            constraint=models.UniqueConstraint(fields=('team', 'name'), name='prompt_name_once_per_team'),
        ),
        migrations.AddConstraint(
            model_name='prompt',
            constraint=models.UniqueConstraint(condition=models.Q(('team__isnull', True)), fields=('name',), name='prompt_shared_name_once'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('prompt', 'label'), name='experiment_running_once'),
        ),
        migrations.AddConstraint(
            model_name='promptversion',
            constraint=models.UniqueConstraint(fields=('prompt', 'number'), name='prompt_version_number_once'),
        ),
        migrations.AddConstraint(
            model_name='label',
            constraint=models.UniqueConstraint(fields=('prompt', 'name'), name='prompt_label_once'),
        ),
        migrations.AddConstraint(
            model_name='arm',
            constraint=models.UniqueConstraint(fields=('experiment', 'name'), name='arm_name_once'),
        ),
        migrations.AddConstraint(
            model_name='reviewrule',
            constraint=models.UniqueConstraint(fields=('team', 'name'), name='review_rule_once'),
        ),
        migrations.AddConstraint(
            model_name='rollout',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['paused', 'running'])), fields=('prompt', 'label'), name='rollout_live_once'),
        ),
        migrations.AddConstraint(
            model_name='contractbreach',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('contract', 'term'), name='contract_breach_open_once'),
        ),
        migrations.AddIndex(
            model_name='evaluationresult',
            index=models.Index(condition=models.Q(('is_done', False)), fields=['evaluation', 'id'], name='result_to_do'),
        ),
        migrations.AddConstraint(
            model_name='evaluationresult',
            constraint=models.UniqueConstraint(fields=('evaluation', 'case', 'candidate', 'repeat'), name='evaluation_result_once'),
        ),
        migrations.AddConstraint(
            model_name='testset',
            constraint=models.UniqueConstraint(fields=('team', 'prompt', 'name'), name='test_set_name_once'),
        ),
        migrations.AddIndex(
            model_name='testcase',
            index=models.Index(condition=models.Q(('removed_at__isnull', True)), fields=['test_set', 'position'], name='test_case_order'),
        ),
        migrations.AddConstraint(
            model_name='testcase',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at__isnull', True)), fields=('test_set', 'key'), name='test_case_once'),
        ),
        migrations.AddIndex(
            model_name='evaluation',
            index=models.Index(condition=models.Q(('state__in', ('queued', 'running'))), fields=['id'], name='evaluation_open'),
        ),
        kernel.migrations.RunSource(
            source='prompts/registry/sql/versions.sql',
            sha256='cd7e0785db2a9dc7b61d47957c1394c109eda0820a92aa1f2d5ac5ca0b8397ec',
        ),
        kernel.migrations.RunSource(
            source='prompts/knowledge/sql/passages.sql',
            sha256='04bdaec7e74c664b50eeca20e656e027356bdb9265d208fcc8cecc3053c08596',
        ),
        kernel.migrations.RunSource(
            source='prompts/knowledge/sql/search.sql',
            sha256='78c6b43c202d16bb6ec5bbe2eb1562d920538255a8301677caa4b66ac266049c',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='promptversion',
            trigger=pgtrigger.compiler.Trigger(name='never_changed', sql=kernel.triggers.TriggerSql(execute='gatehouse_guard_prompt_version()', func='', hash='e75529da8648689eb5e2b3269d16aa84091d64b5', operation='UPDATE', pgid='never_changed', table='prompts_promptversion', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rolloutevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=kernel.triggers.TriggerSql(execute='gatehouse_refuse_update()', func='', hash='3e8d1cba79b4dbaae60bbcb7ebdffb20f7f1ad99', level='STATEMENT', operation='UPDATE', pgid='append_only', table='prompts_rolloutevent', when='BEFORE')),
        ),
    ]
