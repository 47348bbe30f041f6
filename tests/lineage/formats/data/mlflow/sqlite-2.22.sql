CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0584bdc529eb');
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
INSERT INTO "datasets" VALUES('8909a94a47514e269ff50a90b4263c52',1,'dataset','008a6cae','local','{"uri": "/srv/mlflow/real.csv"}',NULL,'{"num_rows": 1000, "num_elements": 1000}');
INSERT INTO "datasets" VALUES('07fe60bc4c6d4269b91a25b0a82ea55f',1,'held-out','ad0e9934','local','{"uri": "/srv/mlflow/held_out.csv"}',NULL,'{"num_rows": 50, "num_elements": 50}');
INSERT INTO "datasets" VALUES('2b6385b99abd4f62a506e6669b7c7857',1,'generated','8348c704','local','{"uri": "/srv/mlflow/mlruns/1/75a8b38e45f5441fab4acb5ed0d7b791/artifacts/generated.csv"}',NULL,'{"num_rows": 401, "num_elements": 401}');
INSERT INTO "datasets" VALUES('aa0c47e2c13742eaa4a4caf9ad5c1531',1,'dataset','27cc2442','local','{"uri": "/srv/mlflow/real.csv"}',NULL,'{"num_rows": 100, "num_elements": 100}');
INSERT INTO "datasets" VALUES('5d1fc4f656d043ae8abe7c0de56f35df',1,'generated','12edf58f','local','{"uri": "/srv/mlflow/mlruns/1/bf0315994b144ff19430253ae8e1512c/artifacts/generated.csv"}',NULL,'{"num_rows": 402, "num_elements": 402}');
INSERT INTO "datasets" VALUES('e4329a14e56544f1ae0fea0fd989ccc6',1,'generated','c75f9a7a','local','{"uri": "/srv/mlflow/mlruns/1/b0599dc0f601436bb8eeb1dee879f662/artifacts/generated.csv"}',NULL,'{"num_rows": 403, "num_elements": 403}');
INSERT INTO "datasets" VALUES('82c0c842c29841a5b77d5b8341e12408',1,'wrong','9943caab','local','{"uri": "/srv/mlflow/real.csv"}',NULL,'{"num_rows": 5, "num_elements": 5}');
CREATE TABLE experiment_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE experiments (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	UNIQUE (name)
);
INSERT INTO "experiments" VALUES(0,'Default','/srv/mlflow/mlruns/0','active',1795293395682,1795293395682);
INSERT INTO "experiments" VALUES(1,'self-training','/srv/mlflow/mlruns/1','active',1795293395701,1795293395701);
INSERT INTO "experiments" VALUES(2,'thrown away','/srv/mlflow/mlruns/2','deleted',1795293399106,1795293399143);
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('5ee9746385db47bb8de6cb8642520d99','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('33989b278ca446ac9918b4ee583c3d24','mlflow.data.context','eval');
INSERT INTO "input_tags" VALUES('33989b278ca446ac9918b4ee583c3d24','split','test');
INSERT INTO "input_tags" VALUES('dff8af88a6b348f38a1d1a7f1c7ab262','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('dff8af88a6b348f38a1d1a7f1c7ab262','headwater.generated_by','models:/student/1');
INSERT INTO "input_tags" VALUES('f1e3357092564c4b969568cb4844eebd','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('7ed43fc616d3420191e8aec4aae33940','mlflow.data.context','eval');
INSERT INTO "input_tags" VALUES('7ed43fc616d3420191e8aec4aae33940','split','test');
INSERT INTO "input_tags" VALUES('03acac88e175425fa42386a562057bda','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('03acac88e175425fa42386a562057bda','headwater.generated_by','models:/student/2');
INSERT INTO "input_tags" VALUES('755dac4c212e4008847df116e19ede25','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('7f53d0331ab041c1879e6643647080c4','mlflow.data.context','eval');
INSERT INTO "input_tags" VALUES('7f53d0331ab041c1879e6643647080c4','split','test');
INSERT INTO "input_tags" VALUES('d30552a8f082418c9b3bfb860032b286','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('d30552a8f082418c9b3bfb860032b286','headwater.generated_by','models:/student/3');
INSERT INTO "input_tags" VALUES('c98e33a867de40a8b012698b600e9f0c','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('a648b8fe46914f7096a070de85b39ef6','mlflow.data.context','eval');
INSERT INTO "input_tags" VALUES('a648b8fe46914f7096a070de85b39ef6','split','test');
INSERT INTO "input_tags" VALUES('4daa92425da246c9845ec618659d5da9','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('5ee9746385db47bb8de6cb8642520d99','DATASET','8909a94a47514e269ff50a90b4263c52','RUN','9af457571e274cc58eb691ad3d9caa65');
INSERT INTO "inputs" VALUES('33989b278ca446ac9918b4ee583c3d24','DATASET','07fe60bc4c6d4269b91a25b0a82ea55f','RUN','9af457571e274cc58eb691ad3d9caa65');
INSERT INTO "inputs" VALUES('dff8af88a6b348f38a1d1a7f1c7ab262','DATASET','2b6385b99abd4f62a506e6669b7c7857','RUN','d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "inputs" VALUES('f1e3357092564c4b969568cb4844eebd','DATASET','aa0c47e2c13742eaa4a4caf9ad5c1531','RUN','d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "inputs" VALUES('7ed43fc616d3420191e8aec4aae33940','DATASET','07fe60bc4c6d4269b91a25b0a82ea55f','RUN','d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "inputs" VALUES('03acac88e175425fa42386a562057bda','DATASET','5d1fc4f656d043ae8abe7c0de56f35df','RUN','915b385092ed4da9ad9f06a235dced25');
INSERT INTO "inputs" VALUES('755dac4c212e4008847df116e19ede25','DATASET','aa0c47e2c13742eaa4a4caf9ad5c1531','RUN','915b385092ed4da9ad9f06a235dced25');
INSERT INTO "inputs" VALUES('7f53d0331ab041c1879e6643647080c4','DATASET','07fe60bc4c6d4269b91a25b0a82ea55f','RUN','915b385092ed4da9ad9f06a235dced25');
INSERT INTO "inputs" VALUES('d30552a8f082418c9b3bfb860032b286','DATASET','e4329a14e56544f1ae0fea0fd989ccc6','RUN','a7dfeb28b7274788b7df6f402d68d728');
INSERT INTO "inputs" VALUES('c98e33a867de40a8b012698b600e9f0c','DATASET','aa0c47e2c13742eaa4a4caf9ad5c1531','RUN','a7dfeb28b7274788b7df6f402d68d728');
INSERT INTO "inputs" VALUES('a648b8fe46914f7096a070de85b39ef6','DATASET','07fe60bc4c6d4269b91a25b0a82ea55f','RUN','a7dfeb28b7274788b7df6f402d68d728');
INSERT INTO "inputs" VALUES('4daa92425da246c9845ec618659d5da9','DATASET','82c0c842c29841a5b77d5b8341e12408','RUN','6b1f5c1d4d8643f7b1a3b45682d5b101');
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
INSERT INTO "latest_metrics" VALUES('loss',0.25,1795293396589,2,0,'9af457571e274cc58eb691ad3d9caa65');
INSERT INTO "latest_metrics" VALUES('rows',401.0,1795293397550,0,0,'75a8b38e45f5441fab4acb5ed0d7b791');
INSERT INTO "latest_metrics" VALUES('loss',1.25,1795293397860,2,0,'d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "latest_metrics" VALUES('rows',402.0,1795293398218,0,0,'bf0315994b144ff19430253ae8e1512c');
INSERT INTO "latest_metrics" VALUES('loss',2.25,1795293398554,2,0,'915b385092ed4da9ad9f06a235dced25');
INSERT INTO "latest_metrics" VALUES('rows',403.0,1795293398791,0,0,'b0599dc0f601436bb8eeb1dee879f662');
INSERT INTO "latest_metrics" VALUES('loss',3.25,1795293398943,2,0,'a7dfeb28b7274788b7df6f402d68d728');
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
INSERT INTO "metrics" VALUES('loss',1.0,1795293396501,'9af457571e274cc58eb691ad3d9caa65',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795293396549,'9af457571e274cc58eb691ad3d9caa65',1,0);
INSERT INTO "metrics" VALUES('loss',0.25,1795293396589,'9af457571e274cc58eb691ad3d9caa65',2,0);
INSERT INTO "metrics" VALUES('rows',401.0,1795293397550,'75a8b38e45f5441fab4acb5ed0d7b791',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795293397792,'d9e97ab7089342f3b1978ec1928b71e7',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795293397820,'d9e97ab7089342f3b1978ec1928b71e7',1,0);
INSERT INTO "metrics" VALUES('loss',1.25,1795293397860,'d9e97ab7089342f3b1978ec1928b71e7',2,0);
INSERT INTO "metrics" VALUES('rows',402.0,1795293398218,'bf0315994b144ff19430253ae8e1512c',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795293398500,'915b385092ed4da9ad9f06a235dced25',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795293398532,'915b385092ed4da9ad9f06a235dced25',1,0);
INSERT INTO "metrics" VALUES('loss',2.25,1795293398554,'915b385092ed4da9ad9f06a235dced25',2,0);
INSERT INTO "metrics" VALUES('rows',403.0,1795293398791,'b0599dc0f601436bb8eeb1dee879f662',0,0);
INSERT INTO "metrics" VALUES('loss',1.0,1795293398928,'a7dfeb28b7274788b7df6f402d68d728',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795293398935,'a7dfeb28b7274788b7df6f402d68d728',1,0);
INSERT INTO "metrics" VALUES('loss',3.25,1795293398943,'a7dfeb28b7274788b7df6f402d68d728',2,0);
CREATE TABLE model_version_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT model_version_tag_pk PRIMARY KEY ("key", name, version), 
	FOREIGN KEY(name, version) REFERENCES model_versions (name, version) ON UPDATE cascade
);
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
	run_link VARCHAR(500), storage_location VARCHAR(500), 
	CONSTRAINT model_version_pk PRIMARY KEY (name, version), 
	FOREIGN KEY(name) REFERENCES registered_models (name) ON UPDATE CASCADE
);
INSERT INTO "model_versions" VALUES('student',1,1795293397338,1795293397338,NULL,NULL,'None','/srv/mlflow/mlruns/1/9af457571e274cc58eb691ad3d9caa65/artifacts/model','9af457571e274cc58eb691ad3d9caa65','READY',NULL,NULL,'/srv/mlflow/mlruns/1/9af457571e274cc58eb691ad3d9caa65/artifacts/model');
INSERT INTO "model_versions" VALUES('student',2,1795293398025,1795293398025,NULL,NULL,'None','/srv/mlflow/mlruns/1/d9e97ab7089342f3b1978ec1928b71e7/artifacts/model','d9e97ab7089342f3b1978ec1928b71e7','READY',NULL,NULL,'/srv/mlflow/mlruns/1/d9e97ab7089342f3b1978ec1928b71e7/artifacts/model');
INSERT INTO "model_versions" VALUES('student',3,1795293398667,1795293398667,NULL,NULL,'None','/srv/mlflow/mlruns/1/915b385092ed4da9ad9f06a235dced25/artifacts/model','915b385092ed4da9ad9f06a235dced25','READY',NULL,NULL,'/srv/mlflow/mlruns/1/915b385092ed4da9ad9f06a235dced25/artifacts/model');
INSERT INTO "model_versions" VALUES('student',4,1795293399003,1795293399003,NULL,NULL,'None','/srv/mlflow/mlruns/1/a7dfeb28b7274788b7df6f402d68d728/artifacts/model','a7dfeb28b7274788b7df6f402d68d728','READY',NULL,NULL,'/srv/mlflow/mlruns/1/a7dfeb28b7274788b7df6f402d68d728/artifacts/model');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('iteration','0','9af457571e274cc58eb691ad3d9caa65');
INSERT INTO "params" VALUES('iteration','1','75a8b38e45f5441fab4acb5ed0d7b791');
INSERT INTO "params" VALUES('teacher','student','75a8b38e45f5441fab4acb5ed0d7b791');
INSERT INTO "params" VALUES('iteration','1','d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "params" VALUES('iteration','2','bf0315994b144ff19430253ae8e1512c');
INSERT INTO "params" VALUES('teacher','student','bf0315994b144ff19430253ae8e1512c');
INSERT INTO "params" VALUES('iteration','2','915b385092ed4da9ad9f06a235dced25');
INSERT INTO "params" VALUES('iteration','3','b0599dc0f601436bb8eeb1dee879f662');
INSERT INTO "params" VALUES('teacher','student','b0599dc0f601436bb8eeb1dee879f662');
INSERT INTO "params" VALUES('iteration','3','a7dfeb28b7274788b7df6f402d68d728');
CREATE TABLE registered_model_aliases (
	alias VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	CONSTRAINT registered_model_alias_pk PRIMARY KEY (name, alias), 
	CONSTRAINT registered_model_alias_name_fkey FOREIGN KEY(name) REFERENCES registered_models (name) ON DELETE cascade ON UPDATE cascade
);
CREATE TABLE registered_model_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	CONSTRAINT registered_model_tag_pk PRIMARY KEY ("key", name), 
	FOREIGN KEY(name) REFERENCES registered_models (name) ON UPDATE cascade
);
CREATE TABLE registered_models (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	CONSTRAINT registered_model_pk PRIMARY KEY (name), 
	UNIQUE (name)
);
INSERT INTO "registered_models" VALUES('student',1795293397284,1795293399003,NULL);
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
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('9af457571e274cc58eb691ad3d9caa65','train-g0','UNKNOWN','','','someone','FINISHED',1795293395874,1795293397397,'','active','/srv/mlflow/mlruns/1/9af457571e274cc58eb691ad3d9caa65/artifacts',1,NULL);
INSERT INTO "runs" VALUES('75a8b38e45f5441fab4acb5ed0d7b791','generate-g1','UNKNOWN','','','someone','FINISHED',1795293397435,1795293397585,'','active','/srv/mlflow/mlruns/1/75a8b38e45f5441fab4acb5ed0d7b791/artifacts',1,NULL);
INSERT INTO "runs" VALUES('d9e97ab7089342f3b1978ec1928b71e7','train-g1','UNKNOWN','','','someone','FINISHED',1795293397617,1795293398068,'','active','/srv/mlflow/mlruns/1/d9e97ab7089342f3b1978ec1928b71e7/artifacts',1,NULL);
INSERT INTO "runs" VALUES('bf0315994b144ff19430253ae8e1512c','generate-g2','UNKNOWN','','','someone','FINISHED',1795293398112,1795293398263,'','active','/srv/mlflow/mlruns/1/bf0315994b144ff19430253ae8e1512c/artifacts',1,NULL);
INSERT INTO "runs" VALUES('915b385092ed4da9ad9f06a235dced25','train-g2','UNKNOWN','','','someone','FINISHED',1795293398294,1795293398699,'','active','/srv/mlflow/mlruns/1/915b385092ed4da9ad9f06a235dced25/artifacts',1,NULL);
INSERT INTO "runs" VALUES('b0599dc0f601436bb8eeb1dee879f662','generate-g3','UNKNOWN','','','someone','FINISHED',1795293398725,1795293398814,'','active','/srv/mlflow/mlruns/1/b0599dc0f601436bb8eeb1dee879f662/artifacts',1,NULL);
INSERT INTO "runs" VALUES('a7dfeb28b7274788b7df6f402d68d728','train-g3','UNKNOWN','','','someone','FINISHED',1795293398834,1795293399018,'','active','/srv/mlflow/mlruns/1/a7dfeb28b7274788b7df6f402d68d728/artifacts',1,NULL);
INSERT INTO "runs" VALUES('6b1f5c1d4d8643f7b1a3b45682d5b101','a mistake','UNKNOWN','','','someone','FINISHED',1795293399034,1795293399081,'','deleted','/srv/mlflow/mlruns/1/6b1f5c1d4d8643f7b1a3b45682d5b101/artifacts',1,1795293399090);
INSERT INTO "runs" VALUES('c9e8778a706e478db228ea4fffc9bedf','thrown away too','UNKNOWN','','','unknown','RUNNING',1795293399116,NULL,'','deleted','/srv/mlflow/mlruns/2/c9e8778a706e478db228ea4fffc9bedf/artifacts',2,1795293399147);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','someone','9af457571e274cc58eb691ad3d9caa65');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','9af457571e274cc58eb691ad3d9caa65');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','9af457571e274cc58eb691ad3d9caa65');
INSERT INTO "tags" VALUES('mlflow.runName','train-g0','9af457571e274cc58eb691ad3d9caa65');
INSERT INTO "tags" VALUES('mlflow.log-model.history','[{"run_id": "9af457571e274cc58eb691ad3d9caa65", "artifact_path": "model", "utc_time_created": "2026-11-21 20:36:36.633245", "model_uuid": "14c5e9d9310645a99138bf93afe4a295", "flavors": {"python_function": {"streamable": false, "cloudpickle_version": "3.1.2", "python_model": "python_model.pkl", "loader_module": "mlflow.pyfunc.model", "python_version": "3.11.7", "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}, "code": null}}}]','9af457571e274cc58eb691ad3d9caa65');
INSERT INTO "tags" VALUES('mlflow.user','someone','75a8b38e45f5441fab4acb5ed0d7b791');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','75a8b38e45f5441fab4acb5ed0d7b791');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','75a8b38e45f5441fab4acb5ed0d7b791');
INSERT INTO "tags" VALUES('mlflow.runName','generate-g1','75a8b38e45f5441fab4acb5ed0d7b791');
INSERT INTO "tags" VALUES('mlflow.user','someone','d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "tags" VALUES('mlflow.runName','train-g1','d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "tags" VALUES('mlflow.log-model.history','[{"run_id": "d9e97ab7089342f3b1978ec1928b71e7", "artifact_path": "model", "utc_time_created": "2026-11-21 20:36:37.897267", "model_uuid": "951b0456ba8a48b0b9b8111f131d8892", "flavors": {"python_function": {"streamable": false, "cloudpickle_version": "3.1.2", "python_model": "python_model.pkl", "loader_module": "mlflow.pyfunc.model", "python_version": "3.11.7", "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}, "code": null}}}]','d9e97ab7089342f3b1978ec1928b71e7');
INSERT INTO "tags" VALUES('mlflow.user','someone','bf0315994b144ff19430253ae8e1512c');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','bf0315994b144ff19430253ae8e1512c');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','bf0315994b144ff19430253ae8e1512c');
INSERT INTO "tags" VALUES('mlflow.runName','generate-g2','bf0315994b144ff19430253ae8e1512c');
INSERT INTO "tags" VALUES('mlflow.user','someone','915b385092ed4da9ad9f06a235dced25');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','915b385092ed4da9ad9f06a235dced25');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','915b385092ed4da9ad9f06a235dced25');
INSERT INTO "tags" VALUES('mlflow.runName','train-g2','915b385092ed4da9ad9f06a235dced25');
INSERT INTO "tags" VALUES('mlflow.log-model.history','[{"run_id": "915b385092ed4da9ad9f06a235dced25", "artifact_path": "model", "utc_time_created": "2026-11-21 20:36:38.573559", "model_uuid": "4c5ce6b850694b2d9cbe8248480da904", "flavors": {"python_function": {"streamable": false, "cloudpickle_version": "3.1.2", "python_model": "python_model.pkl", "loader_module": "mlflow.pyfunc.model", "python_version": "3.11.7", "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}, "code": null}}}]','915b385092ed4da9ad9f06a235dced25');
INSERT INTO "tags" VALUES('mlflow.user','someone','b0599dc0f601436bb8eeb1dee879f662');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','b0599dc0f601436bb8eeb1dee879f662');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','b0599dc0f601436bb8eeb1dee879f662');
INSERT INTO "tags" VALUES('mlflow.runName','generate-g3','b0599dc0f601436bb8eeb1dee879f662');
INSERT INTO "tags" VALUES('mlflow.user','someone','a7dfeb28b7274788b7df6f402d68d728');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','a7dfeb28b7274788b7df6f402d68d728');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','a7dfeb28b7274788b7df6f402d68d728');
INSERT INTO "tags" VALUES('mlflow.runName','train-g3','a7dfeb28b7274788b7df6f402d68d728');
INSERT INTO "tags" VALUES('mlflow.log-model.history','[{"run_id": "a7dfeb28b7274788b7df6f402d68d728", "artifact_path": "model", "utc_time_created": "2026-11-21 20:36:38.949916", "model_uuid": "6d1d382a6c4d484eb98525fc5a24c998", "flavors": {"python_function": {"streamable": false, "cloudpickle_version": "3.1.2", "python_model": "python_model.pkl", "loader_module": "mlflow.pyfunc.model", "python_version": "3.11.7", "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}, "code": null}}}]','a7dfeb28b7274788b7df6f402d68d728');
INSERT INTO "tags" VALUES('mlflow.user','someone','6b1f5c1d4d8643f7b1a3b45682d5b101');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','6b1f5c1d4d8643f7b1a3b45682d5b101');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','6b1f5c1d4d8643f7b1a3b45682d5b101');
INSERT INTO "tags" VALUES('mlflow.runName','a mistake','6b1f5c1d4d8643f7b1a3b45682d5b101');
INSERT INTO "tags" VALUES('mlflow.runName','thrown away too','c9e8778a706e478db228ea4fffc9bedf');
