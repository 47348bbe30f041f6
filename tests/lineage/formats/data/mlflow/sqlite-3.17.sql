CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('dc11669786a5');
CREATE TABLE "datasets" (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "datasets" VALUES('19d61a43d47249b8b183249999805e4d',1,'dataset','008a6cae','local','{"uri": "/srv/mlflow/real.csv"}',NULL,'{"num_rows": 1000, "num_elements": 1000}');
INSERT INTO "datasets" VALUES('ba3602aeef6a4760aa86ce57ae259b52',1,'held-out','ad0e9934','local','{"uri": "/srv/mlflow/held_out.csv"}',NULL,'{"num_rows": 50, "num_elements": 50}');
INSERT INTO "datasets" VALUES('f6ffda4cc96346c7a82e65585b208c6c',1,'generated','8348c704','local','{"uri": "/srv/mlflow/mlruns/1/8b65e908516c47f496d7f160ae014419/artifacts/generated.csv"}',NULL,'{"num_rows": 401, "num_elements": 401}');
INSERT INTO "datasets" VALUES('f6bb5591a53342dc8c31badc159191eb',1,'dataset','27cc2442','local','{"uri": "/srv/mlflow/real.csv"}',NULL,'{"num_rows": 100, "num_elements": 100}');
INSERT INTO "datasets" VALUES('0833c94e79ec41de90ffdc63eedd7311',1,'generated','12edf58f','local','{"uri": "/srv/mlflow/mlruns/1/f92a8eb622b4497cbd1dbe268d3abdf5/artifacts/generated.csv"}',NULL,'{"num_rows": 402, "num_elements": 402}');
INSERT INTO "datasets" VALUES('4aba66d754734e18958abc72507e5a4c',1,'generated','c75f9a7a','local','{"uri": "/srv/mlflow/mlruns/1/5389893a38b74519aa668e6d898d48cf/artifacts/generated.csv"}',NULL,'{"num_rows": 403, "num_elements": 403}');
INSERT INTO "datasets" VALUES('570c67b5fa0f46a8888add95575edfc9',1,'wrong','9943caab','local','{"uri": "/srv/mlflow/real.csv"}',NULL,'{"num_rows": 5, "num_elements": 5}');
CREATE TABLE "experiment_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO "experiments" VALUES(0,'Default','/srv/mlflow/mlruns/0','active',1795293383468,1795293383468,'default');
INSERT INTO "experiments" VALUES(1,'self-training','/srv/mlflow/mlruns/1','active',1795293383495,1795293383495,'default');
INSERT INTO "experiments" VALUES(2,'thrown away','/srv/mlflow/mlruns/2','deleted',1795293386289,1795293386343,'default');
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('253ab37a960a437db65c6a938d60a212','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('d6c99cc074f541e7b068e505dcc7a8a4','mlflow.data.context','eval');
INSERT INTO "input_tags" VALUES('d6c99cc074f541e7b068e505dcc7a8a4','split','test');
INSERT INTO "input_tags" VALUES('5b37e9a9019d40518f7748e2dc4e55ac','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('b0d53d0fc45b4d4691cf85770fcf165b','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('7fc771c41e254365ab0d830069b92012','mlflow.data.context','eval');
INSERT INTO "input_tags" VALUES('7fc771c41e254365ab0d830069b92012','split','test');
INSERT INTO "input_tags" VALUES('8deb6910025e44458ec6572dc3845e60','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('5f225cb4930f44f588ffbc1b53f2bf5b','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('27040b5dd2ec4899aaabb4ad21587ea3','mlflow.data.context','eval');
INSERT INTO "input_tags" VALUES('27040b5dd2ec4899aaabb4ad21587ea3','split','test');
INSERT INTO "input_tags" VALUES('b777aea059034582a6b7bfb2b79117dd','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('6474779e7eb841b68a59125485d9844e','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('d038d31a85d54362ae7996310daf8f51','mlflow.data.context','eval');
INSERT INTO "input_tags" VALUES('d038d31a85d54362ae7996310daf8f51','split','test');
INSERT INTO "input_tags" VALUES('a7e3c34ec6f542aebd7d47b915e3bec8','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('253ab37a960a437db65c6a938d60a212','DATASET','19d61a43d47249b8b183249999805e4d','RUN','1c0de8fe2b534f9d951aab26596e3a3e',0);
INSERT INTO "inputs" VALUES('d6c99cc074f541e7b068e505dcc7a8a4','DATASET','ba3602aeef6a4760aa86ce57ae259b52','RUN','1c0de8fe2b534f9d951aab26596e3a3e',0);
INSERT INTO "inputs" VALUES('21c979b347b74c899db24639b09622af','RUN_OUTPUT','1c0de8fe2b534f9d951aab26596e3a3e','MODEL_OUTPUT','m-df97d3fb8ee24ab689494a5ab74f06c6',0);
INSERT INTO "inputs" VALUES('ce7148b765374b05ab3468044cc20d2e','RUN_INPUT','8b65e908516c47f496d7f160ae014419','MODEL_INPUT','m-df97d3fb8ee24ab689494a5ab74f06c6',0);
INSERT INTO "inputs" VALUES('5b37e9a9019d40518f7748e2dc4e55ac','DATASET','f6ffda4cc96346c7a82e65585b208c6c','RUN','13133605d1ee4c3fae36cb454ba33c08',0);
INSERT INTO "inputs" VALUES('b0d53d0fc45b4d4691cf85770fcf165b','DATASET','f6bb5591a53342dc8c31badc159191eb','RUN','13133605d1ee4c3fae36cb454ba33c08',0);
INSERT INTO "inputs" VALUES('7fc771c41e254365ab0d830069b92012','DATASET','ba3602aeef6a4760aa86ce57ae259b52','RUN','13133605d1ee4c3fae36cb454ba33c08',0);
INSERT INTO "inputs" VALUES('8c37199a23494f888d66eae1602ac5a8','RUN_OUTPUT','13133605d1ee4c3fae36cb454ba33c08','MODEL_OUTPUT','m-a0409551dada434284f31d4f785ebee0',0);
INSERT INTO "inputs" VALUES('a2876c3a20fb43adbed689f0cc0138a2','RUN_INPUT','f92a8eb622b4497cbd1dbe268d3abdf5','MODEL_INPUT','m-a0409551dada434284f31d4f785ebee0',0);
INSERT INTO "inputs" VALUES('8deb6910025e44458ec6572dc3845e60','DATASET','0833c94e79ec41de90ffdc63eedd7311','RUN','8e87c09ca4064bbd905c93edd2cb3b4b',0);
INSERT INTO "inputs" VALUES('5f225cb4930f44f588ffbc1b53f2bf5b','DATASET','f6bb5591a53342dc8c31badc159191eb','RUN','8e87c09ca4064bbd905c93edd2cb3b4b',0);
INSERT INTO "inputs" VALUES('27040b5dd2ec4899aaabb4ad21587ea3','DATASET','ba3602aeef6a4760aa86ce57ae259b52','RUN','8e87c09ca4064bbd905c93edd2cb3b4b',0);
INSERT INTO "inputs" VALUES('a12f129517ae4758967ec9d2a8550e8a','RUN_OUTPUT','8e87c09ca4064bbd905c93edd2cb3b4b','MODEL_OUTPUT','m-91d75076a609410abe4901412dd7074f',0);
INSERT INTO "inputs" VALUES('16c8b3f5c2324a9eb2ac325efbb27dd2','RUN_INPUT','5389893a38b74519aa668e6d898d48cf','MODEL_INPUT','m-91d75076a609410abe4901412dd7074f',0);
INSERT INTO "inputs" VALUES('b777aea059034582a6b7bfb2b79117dd','DATASET','4aba66d754734e18958abc72507e5a4c','RUN','fdd70b4a1689421ea5ec2360b1a9969a',0);
INSERT INTO "inputs" VALUES('6474779e7eb841b68a59125485d9844e','DATASET','f6bb5591a53342dc8c31badc159191eb','RUN','fdd70b4a1689421ea5ec2360b1a9969a',0);
INSERT INTO "inputs" VALUES('d038d31a85d54362ae7996310daf8f51','DATASET','ba3602aeef6a4760aa86ce57ae259b52','RUN','fdd70b4a1689421ea5ec2360b1a9969a',0);
INSERT INTO "inputs" VALUES('04469584225348f2bb113f9d10d4fd89','RUN_OUTPUT','fdd70b4a1689421ea5ec2360b1a9969a','MODEL_OUTPUT','m-3b967a9f71a944a781ab6c27607c52a1',0);
INSERT INTO "inputs" VALUES('a7e3c34ec6f542aebd7d47b915e3bec8','DATASET','570c67b5fa0f46a8888add95575edfc9','RUN','152f55a9062947978b0639f4fe4f209b',0);
CREATE TABLE "latest_metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT, 
	step BIGINT NOT NULL, 
	is_nan BOOLEAN NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "latest_metrics" VALUES('loss',0.25,1795293383869,2,0,'1c0de8fe2b534f9d951aab26596e3a3e');
INSERT INTO "latest_metrics" VALUES('rows',401.0,1795293384780,0,0,'8b65e908516c47f496d7f160ae014419');
INSERT INTO "latest_metrics" VALUES('loss',1.25,1795293385003,2,0,'13133605d1ee4c3fae36cb454ba33c08');
INSERT INTO "latest_metrics" VALUES('rows',402.0,1795293385302,0,0,'f92a8eb622b4497cbd1dbe268d3abdf5');
INSERT INTO "latest_metrics" VALUES('loss',2.25,1795293385497,2,0,'8e87c09ca4064bbd905c93edd2cb3b4b');
INSERT INTO "latest_metrics" VALUES('rows',403.0,1795293385871,0,0,'5389893a38b74519aa668e6d898d48cf');
INSERT INTO "latest_metrics" VALUES('loss',3.25,1795293386038,2,0,'fdd70b4a1689421ea5ec2360b1a9969a');
CREATE TABLE logged_model_metrics (
	model_id VARCHAR(36) NOT NULL, 
	metric_name VARCHAR(500) NOT NULL, 
	metric_timestamp_ms BIGINT NOT NULL, 
	metric_step BIGINT NOT NULL, 
	metric_value FLOAT, 
	experiment_id INTEGER NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
	dataset_uuid VARCHAR(36), 
	dataset_name VARCHAR(500), 
	dataset_digest VARCHAR(36), 
	CONSTRAINT logged_model_metrics_pk PRIMARY KEY (model_id, metric_name, metric_timestamp_ms, metric_step, run_id), 
	CONSTRAINT fk_logged_model_metrics_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_metrics_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE, 
	CONSTRAINT fk_logged_model_metrics_run_id FOREIGN KEY(run_id) REFERENCES runs (run_uuid) ON DELETE CASCADE
);
INSERT INTO "logged_model_metrics" VALUES('m-df97d3fb8ee24ab689494a5ab74f06c6','loss',1795293383842,0,1.0,1,'1c0de8fe2b534f9d951aab26596e3a3e',NULL,NULL,NULL);
INSERT INTO "logged_model_metrics" VALUES('m-a0409551dada434284f31d4f785ebee0','loss',1795293384973,0,1.0,1,'13133605d1ee4c3fae36cb454ba33c08',NULL,NULL,NULL);
INSERT INTO "logged_model_metrics" VALUES('m-91d75076a609410abe4901412dd7074f','loss',1795293385460,0,1.0,1,'8e87c09ca4064bbd905c93edd2cb3b4b',NULL,NULL,NULL);
INSERT INTO "logged_model_metrics" VALUES('m-3b967a9f71a944a781ab6c27607c52a1','loss',1795293386006,0,1.0,1,'fdd70b4a1689421ea5ec2360b1a9969a',NULL,NULL,NULL);
CREATE TABLE logged_model_params (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	param_key VARCHAR(255) NOT NULL, 
	param_value TEXT NOT NULL, 
	CONSTRAINT logged_model_params_pk PRIMARY KEY (model_id, param_key), 
	CONSTRAINT fk_logged_model_params_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_params_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO "logged_model_params" VALUES('m-df97d3fb8ee24ab689494a5ab74f06c6',1,'iteration','0');
INSERT INTO "logged_model_params" VALUES('m-a0409551dada434284f31d4f785ebee0',1,'iteration','1');
INSERT INTO "logged_model_params" VALUES('m-91d75076a609410abe4901412dd7074f',1,'iteration','2');
INSERT INTO "logged_model_params" VALUES('m-3b967a9f71a944a781ab6c27607c52a1',1,'iteration','3');
CREATE TABLE logged_model_tags (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	tag_key VARCHAR(255) NOT NULL, 
	tag_value TEXT NOT NULL, 
	CONSTRAINT logged_model_tags_pk PRIMARY KEY (model_id, tag_key), 
	CONSTRAINT fk_logged_model_tags_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_tags_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO "logged_model_tags" VALUES('m-df97d3fb8ee24ab689494a5ab74f06c6',1,'mlflow.user','someone');
INSERT INTO "logged_model_tags" VALUES('m-df97d3fb8ee24ab689494a5ab74f06c6',1,'mlflow.source.name','train.py');
INSERT INTO "logged_model_tags" VALUES('m-df97d3fb8ee24ab689494a5ab74f06c6',1,'mlflow.source.type','LOCAL');
INSERT INTO "logged_model_tags" VALUES('m-df97d3fb8ee24ab689494a5ab74f06c6',1,'mlflow.modelVersions','[{"name": "student", "version": 1}]');
INSERT INTO "logged_model_tags" VALUES('m-a0409551dada434284f31d4f785ebee0',1,'mlflow.user','someone');
INSERT INTO "logged_model_tags" VALUES('m-a0409551dada434284f31d4f785ebee0',1,'mlflow.source.name','train.py');
INSERT INTO "logged_model_tags" VALUES('m-a0409551dada434284f31d4f785ebee0',1,'mlflow.source.type','LOCAL');
INSERT INTO "logged_model_tags" VALUES('m-a0409551dada434284f31d4f785ebee0',1,'mlflow.modelVersions','[{"name": "student", "version": 2}]');
INSERT INTO "logged_model_tags" VALUES('m-91d75076a609410abe4901412dd7074f',1,'mlflow.user','someone');
INSERT INTO "logged_model_tags" VALUES('m-91d75076a609410abe4901412dd7074f',1,'mlflow.source.name','train.py');
INSERT INTO "logged_model_tags" VALUES('m-91d75076a609410abe4901412dd7074f',1,'mlflow.source.type','LOCAL');
INSERT INTO "logged_model_tags" VALUES('m-91d75076a609410abe4901412dd7074f',1,'mlflow.modelVersions','[{"name": "student", "version": 3}]');
INSERT INTO "logged_model_tags" VALUES('m-3b967a9f71a944a781ab6c27607c52a1',1,'mlflow.user','someone');
INSERT INTO "logged_model_tags" VALUES('m-3b967a9f71a944a781ab6c27607c52a1',1,'mlflow.source.name','train.py');
INSERT INTO "logged_model_tags" VALUES('m-3b967a9f71a944a781ab6c27607c52a1',1,'mlflow.source.type','LOCAL');
INSERT INTO "logged_model_tags" VALUES('m-3b967a9f71a944a781ab6c27607c52a1',1,'mlflow.modelVersions','[{"name": "student", "version": 4}]');
CREATE TABLE logged_models (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	artifact_location VARCHAR(1000) NOT NULL, 
	creation_timestamp_ms BIGINT NOT NULL, 
	last_updated_timestamp_ms BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	lifecycle_stage VARCHAR(32), 
	model_type VARCHAR(500), 
	source_run_id VARCHAR(32), 
	status_message VARCHAR(1000), 
	CONSTRAINT logged_models_pk PRIMARY KEY (model_id), 
	CONSTRAINT logged_models_lifecycle_stage_check CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT fk_logged_models_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "logged_models" VALUES('m-df97d3fb8ee24ab689494a5ab74f06c6',1,'model','/srv/mlflow/mlruns/1/models/m-df97d3fb8ee24ab689494a5ab74f06c6/artifacts',1795293383910,1795293384440,2,'active',NULL,'1c0de8fe2b534f9d951aab26596e3a3e',NULL);
INSERT INTO "logged_models" VALUES('m-a0409551dada434284f31d4f785ebee0',1,'model','/srv/mlflow/mlruns/1/models/m-a0409551dada434284f31d4f785ebee0/artifacts',1795293385047,1795293385133,2,'active',NULL,'13133605d1ee4c3fae36cb454ba33c08',NULL);
INSERT INTO "logged_models" VALUES('m-91d75076a609410abe4901412dd7074f',1,'model','/srv/mlflow/mlruns/1/models/m-91d75076a609410abe4901412dd7074f/artifacts',1795293385553,1795293385659,2,'active',NULL,'8e87c09ca4064bbd905c93edd2cb3b4b',NULL);
INSERT INTO "logged_models" VALUES('m-3b967a9f71a944a781ab6c27607c52a1',1,'model','/srv/mlflow/mlruns/1/models/m-3b967a9f71a944a781ab6c27607c52a1/artifacts',1795293386072,1795293386130,2,'active',NULL,'fdd70b4a1689421ea5ec2360b1a9969a',NULL);
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('loss',1.0,1795293383842,'1c0de8fe2b534f9d951aab26596e3a3e',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795293383858,'1c0de8fe2b534f9d951aab26596e3a3e',1,0);
INSERT INTO "metrics" VALUES('loss',0.25,1795293383869,'1c0de8fe2b534f9d951aab26596e3a3e',2,0);
INSERT INTO "metrics" VALUES('rows',401.0,1795293384780,'8b65e908516c47f496d7f160ae014419',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795293384973,'13133605d1ee4c3fae36cb454ba33c08',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795293384988,'13133605d1ee4c3fae36cb454ba33c08',1,0);
INSERT INTO "metrics" VALUES('loss',1.25,1795293385003,'13133605d1ee4c3fae36cb454ba33c08',2,0);
INSERT INTO "metrics" VALUES('rows',402.0,1795293385302,'f92a8eb622b4497cbd1dbe268d3abdf5',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795293385460,'8e87c09ca4064bbd905c93edd2cb3b4b',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795293385478,'8e87c09ca4064bbd905c93edd2cb3b4b',1,0);
INSERT INTO "metrics" VALUES('loss',2.25,1795293385497,'8e87c09ca4064bbd905c93edd2cb3b4b',2,0);
INSERT INTO "metrics" VALUES('rows',403.0,1795293385871,'5389893a38b74519aa668e6d898d48cf',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795293386006,'fdd70b4a1689421ea5ec2360b1a9969a',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795293386024,'fdd70b4a1689421ea5ec2360b1a9969a',1,0);
INSERT INTO "metrics" VALUES('loss',3.25,1795293386038,'fdd70b4a1689421ea5ec2360b1a9969a',2,0);
CREATE TABLE "model_version_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_tag_pk PRIMARY KEY (workspace, "key", name, version), 
	CONSTRAINT fk_model_version_tags_model_versions FOREIGN KEY(workspace, name, version) REFERENCES model_versions (workspace, name, version) ON UPDATE CASCADE
);
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.is_prompt','true','a-prompt',1,'default');
INSERT INTO "model_version_tags" VALUES('_mlflow_prompt_type','text','a-prompt',1,'default');
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.text','Write {{what}}.','a-prompt',1,'default');
CREATE TABLE "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), 
	storage_location VARCHAR(500), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT fk_model_versions_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "model_versions" VALUES('student',1,1795293384538,1795293384538,NULL,NULL,'None','models:/m-df97d3fb8ee24ab689494a5ab74f06c6','1c0de8fe2b534f9d951aab26596e3a3e','READY',NULL,NULL,'/srv/mlflow/mlruns/1/models/m-df97d3fb8ee24ab689494a5ab74f06c6/artifacts','default');
INSERT INTO "model_versions" VALUES('student',2,1795293385179,1795293385179,NULL,NULL,'None','models:/m-a0409551dada434284f31d4f785ebee0','13133605d1ee4c3fae36cb454ba33c08','READY',NULL,NULL,'/srv/mlflow/mlruns/1/models/m-a0409551dada434284f31d4f785ebee0/artifacts','default');
INSERT INTO "model_versions" VALUES('student',3,1795293385700,1795293385700,NULL,NULL,'None','models:/m-91d75076a609410abe4901412dd7074f','8e87c09ca4064bbd905c93edd2cb3b4b','READY',NULL,NULL,'/srv/mlflow/mlruns/1/models/m-91d75076a609410abe4901412dd7074f/artifacts','default');
INSERT INTO "model_versions" VALUES('student',4,1795293386157,1795293386157,NULL,NULL,'None','models:/m-3b967a9f71a944a781ab6c27607c52a1','fdd70b4a1689421ea5ec2360b1a9969a','READY',NULL,NULL,'/srv/mlflow/mlruns/1/models/m-3b967a9f71a944a781ab6c27607c52a1/artifacts','default');
INSERT INTO "model_versions" VALUES('a-prompt',1,1795293386409,1795293386409,NULL,NULL,'None','dummy-source',NULL,'READY',NULL,NULL,'dummy-source','default');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('iteration','0','1c0de8fe2b534f9d951aab26596e3a3e');
INSERT INTO "params" VALUES('iteration','1','8b65e908516c47f496d7f160ae014419');
INSERT INTO "params" VALUES('teacher','student','8b65e908516c47f496d7f160ae014419');
INSERT INTO "params" VALUES('iteration','1','13133605d1ee4c3fae36cb454ba33c08');
INSERT INTO "params" VALUES('iteration','2','f92a8eb622b4497cbd1dbe268d3abdf5');
INSERT INTO "params" VALUES('teacher','student','f92a8eb622b4497cbd1dbe268d3abdf5');
INSERT INTO "params" VALUES('iteration','2','8e87c09ca4064bbd905c93edd2cb3b4b');
INSERT INTO "params" VALUES('iteration','3','5389893a38b74519aa668e6d898d48cf');
INSERT INTO "params" VALUES('teacher','student','5389893a38b74519aa668e6d898d48cf');
INSERT INTO "params" VALUES('iteration','3','fdd70b4a1689421ea5ec2360b1a9969a');
CREATE TABLE "registered_model_aliases" (
	alias VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_alias_pk PRIMARY KEY (workspace, name, alias), 
	CONSTRAINT fk_registered_model_aliases_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE "registered_model_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_tag_pk PRIMARY KEY (workspace, "key", name), 
	CONSTRAINT fk_registered_model_tags_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "registered_model_tags" VALUES('mlflow.prompt.is_prompt','true','a-prompt','default');
INSERT INTO "registered_model_tags" VALUES('_mlflow_experiment_ids',',1,','a-prompt','default');
CREATE TABLE "registered_models" (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_pk PRIMARY KEY (workspace, name)
);
INSERT INTO "registered_models" VALUES('student',1795293384487,1795293386157,NULL,'default');
INSERT INTO "registered_models" VALUES('a-prompt',1795293386384,1795293386409,NULL,'default');
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('1c0de8fe2b534f9d951aab26596e3a3e','train-g0','UNKNOWN','','','someone','FINISHED',1795293383694,1795293384621,'','active','/srv/mlflow/mlruns/1/1c0de8fe2b534f9d951aab26596e3a3e/artifacts',1,NULL);
INSERT INTO "runs" VALUES('8b65e908516c47f496d7f160ae014419','generate-g1','UNKNOWN','','','someone','FINISHED',1795293384650,1795293384803,'','active','/srv/mlflow/mlruns/1/8b65e908516c47f496d7f160ae014419/artifacts',1,NULL);
INSERT INTO "runs" VALUES('13133605d1ee4c3fae36cb454ba33c08','train-g1','UNKNOWN','','','someone','FINISHED',1795293384830,1795293385213,'','active','/srv/mlflow/mlruns/1/13133605d1ee4c3fae36cb454ba33c08/artifacts',1,NULL);
INSERT INTO "runs" VALUES('f92a8eb622b4497cbd1dbe268d3abdf5','generate-g2','UNKNOWN','','','someone','FINISHED',1795293385229,1795293385315,'','active','/srv/mlflow/mlruns/1/f92a8eb622b4497cbd1dbe268d3abdf5/artifacts',1,NULL);
INSERT INTO "runs" VALUES('8e87c09ca4064bbd905c93edd2cb3b4b','train-g2','UNKNOWN','','','someone','FINISHED',1795293385337,1795293385749,'','active','/srv/mlflow/mlruns/1/8e87c09ca4064bbd905c93edd2cb3b4b/artifacts',1,NULL);
INSERT INTO "runs" VALUES('5389893a38b74519aa668e6d898d48cf','generate-g3','UNKNOWN','','','someone','FINISHED',1795293385781,1795293385898,'','active','/srv/mlflow/mlruns/1/5389893a38b74519aa668e6d898d48cf/artifacts',1,NULL);
INSERT INTO "runs" VALUES('fdd70b4a1689421ea5ec2360b1a9969a','train-g3','UNKNOWN','','','someone','FINISHED',1795293385924,1795293386182,'','active','/srv/mlflow/mlruns/1/fdd70b4a1689421ea5ec2360b1a9969a/artifacts',1,NULL);
INSERT INTO "runs" VALUES('152f55a9062947978b0639f4fe4f209b','a mistake','UNKNOWN','','','someone','FINISHED',1795293386193,1795293386256,'','deleted','/srv/mlflow/mlruns/1/152f55a9062947978b0639f4fe4f209b/artifacts',1,1795293386278);
INSERT INTO "runs" VALUES('1da0b7b15d294812b57f49d8e9f848b8','thrown away too','UNKNOWN','','','unknown','RUNNING',1795293386305,NULL,'','deleted','/srv/mlflow/mlruns/2/1da0b7b15d294812b57f49d8e9f848b8/artifacts',2,1795293386350);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','someone','1c0de8fe2b534f9d951aab26596e3a3e');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','1c0de8fe2b534f9d951aab26596e3a3e');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','1c0de8fe2b534f9d951aab26596e3a3e');
INSERT INTO "tags" VALUES('mlflow.runName','train-g0','1c0de8fe2b534f9d951aab26596e3a3e');
INSERT INTO "tags" VALUES('mlflow.user','someone','8b65e908516c47f496d7f160ae014419');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','8b65e908516c47f496d7f160ae014419');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','8b65e908516c47f496d7f160ae014419');
INSERT INTO "tags" VALUES('mlflow.runName','generate-g1','8b65e908516c47f496d7f160ae014419');
INSERT INTO "tags" VALUES('mlflow.user','someone','13133605d1ee4c3fae36cb454ba33c08');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','13133605d1ee4c3fae36cb454ba33c08');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','13133605d1ee4c3fae36cb454ba33c08');
INSERT INTO "tags" VALUES('mlflow.runName','train-g1','13133605d1ee4c3fae36cb454ba33c08');
INSERT INTO "tags" VALUES('mlflow.user','someone','f92a8eb622b4497cbd1dbe268d3abdf5');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','f92a8eb622b4497cbd1dbe268d3abdf5');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','f92a8eb622b4497cbd1dbe268d3abdf5');
INSERT INTO "tags" VALUES('mlflow.runName','generate-g2','f92a8eb622b4497cbd1dbe268d3abdf5');
INSERT INTO "tags" VALUES('mlflow.user','someone','8e87c09ca4064bbd905c93edd2cb3b4b');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','8e87c09ca4064bbd905c93edd2cb3b4b');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','8e87c09ca4064bbd905c93edd2cb3b4b');
INSERT INTO "tags" VALUES('mlflow.runName','train-g2','8e87c09ca4064bbd905c93edd2cb3b4b');
INSERT INTO "tags" VALUES('mlflow.user','someone','5389893a38b74519aa668e6d898d48cf');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','5389893a38b74519aa668e6d898d48cf');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','5389893a38b74519aa668e6d898d48cf');
INSERT INTO "tags" VALUES('mlflow.runName','generate-g3','5389893a38b74519aa668e6d898d48cf');
INSERT INTO "tags" VALUES('mlflow.user','someone','fdd70b4a1689421ea5ec2360b1a9969a');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','fdd70b4a1689421ea5ec2360b1a9969a');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','fdd70b4a1689421ea5ec2360b1a9969a');
INSERT INTO "tags" VALUES('mlflow.runName','train-g3','fdd70b4a1689421ea5ec2360b1a9969a');
INSERT INTO "tags" VALUES('mlflow.user','someone','152f55a9062947978b0639f4fe4f209b');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','152f55a9062947978b0639f4fe4f209b');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','152f55a9062947978b0639f4fe4f209b');
INSERT INTO "tags" VALUES('mlflow.runName','a mistake','152f55a9062947978b0639f4fe4f209b');
INSERT INTO "tags" VALUES('mlflow.runName','thrown away too','1da0b7b15d294812b57f49d8e9f848b8');
