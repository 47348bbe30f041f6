BEGIN TRANSACTION;
CREATE TABLE headwater_ledger (
	number INTEGER NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	"key" VARCHAR(500), 
	body TEXT NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (previous), 
	UNIQUE (hash), 
	UNIQUE ("key")
);
INSERT INTO "headwater_ledger" VALUES(1,'42ba9ad3da352cc346f4d0440a41e561eac4520581f74527cf49dd62e1273f74','dee962c871132da4241504bf4e4cd3238150f84e4b546746af6f2040ffb86321','run-started','run/2e5721a406a44693af1e47215ff19687/0','{"generation":0,"labels":{},"model":"student","run":"2e5721a406a44693af1e47215ff19687"}','2026-11-21T20:59:16.964982+00:00');
INSERT INTO "headwater_ledger" VALUES(2,'dee962c871132da4241504bf4e4cd3238150f84e4b546746af6f2040ffb86321','314b6fe60bcc6b57fc2c9fecb317feaf33f52a335d0115aaa4451775bc9a5bc6','used','run/2e5721a406a44693af1e47215ff19687/1','{"dataset":{"name":"web","samples":null,"sha256":"4b5e57f6eb2f42b9039b3d1e13929295f231749c510cbe341cd68036d9af97e2"},"deed":null,"generated_by":[],"generation":null,"role":"trained-on","run":"2e5721a406a44693af1e47215ff19687","samples":1000}','2026-11-21T20:59:16.981937+00:00');
INSERT INTO "headwater_ledger" VALUES(3,'314b6fe60bcc6b57fc2c9fecb317feaf33f52a335d0115aaa4451775bc9a5bc6','3cc1fa0ee5a42028a96f166a75180d305bdcd7bbefb43c61acc5a14a5e0aa924','vouched','run/2e5721a406a44693af1e47215ff19687/2','{"by":"archive","dataset":{"name":"web","samples":null,"sha256":"4b5e57f6eb2f42b9039b3d1e13929295f231749c510cbe341cd68036d9af97e2"},"note":"","run":"2e5721a406a44693af1e47215ff19687"}','2026-11-21T20:59:16.981937+00:00');
INSERT INTO "headwater_ledger" VALUES(4,'3cc1fa0ee5a42028a96f166a75180d305bdcd7bbefb43c61acc5a14a5e0aa924','b6d6394f33087b0362a0ddb98b3c71c5cf6baadad6383e62e812375eaaabcd89','wrote','run/2e5721a406a44693af1e47215ff19687/3','{"dataset":{"name":"talks 1","samples":null,"sha256":"94d27fd514816139df3f4d946b6f73120ef31b96efee75b2605f9b7c14aa87a7"},"kind":"dataset","run":"2e5721a406a44693af1e47215ff19687","samples":500}','2026-11-21T20:59:16.996545+00:00');
INSERT INTO "headwater_ledger" VALUES(5,'b6d6394f33087b0362a0ddb98b3c71c5cf6baadad6383e62e812375eaaabcd89','64bd97bbf308ca4836198a58fe9f6ab31084699a9d59f88372fa2cf298f2c15e','wrote','run/2e5721a406a44693af1e47215ff19687/4','{"dataset":{"name":"weights 0","samples":null,"sha256":""},"kind":"model","run":"2e5721a406a44693af1e47215ff19687","samples":null}','2026-11-21T20:59:17.005684+00:00');
INSERT INTO "headwater_ledger" VALUES(6,'64bd97bbf308ca4836198a58fe9f6ab31084699a9d59f88372fa2cf298f2c15e','b0ec3d0b5e24d94e28ad994299fbb129f0fe87dfab3830f116f539e9ee356209','run-finished','run/2e5721a406a44693af1e47215ff19687/5','{"run":"2e5721a406a44693af1e47215ff19687"}','2026-11-21T20:59:17.009559+00:00');
INSERT INTO "headwater_ledger" VALUES(7,'b0ec3d0b5e24d94e28ad994299fbb129f0fe87dfab3830f116f539e9ee356209','7f7546ae178527279e56d1b152c4178503bf622eb079db7feabc1e462fe2090a','run-started','run/f03efd23f00a4394904cbe8bc3b2f4ba/0','{"generation":1,"labels":{},"model":"student","run":"f03efd23f00a4394904cbe8bc3b2f4ba"}','2026-11-21T20:59:17.010851+00:00');
INSERT INTO "headwater_ledger" VALUES(8,'7f7546ae178527279e56d1b152c4178503bf622eb079db7feabc1e462fe2090a','db3063ae9fb22b06cc9d307743301350be4d39bc91297526bcdd52f713b0f10a','used','run/f03efd23f00a4394904cbe8bc3b2f4ba/1','{"dataset":{"name":"talks 1","samples":null,"sha256":"94d27fd514816139df3f4d946b6f73120ef31b96efee75b2605f9b7c14aa87a7"},"deed":"generated","generated_by":["student","other"],"generation":0,"role":"trained-on","run":"f03efd23f00a4394904cbe8bc3b2f4ba","samples":500}','2026-11-21T20:59:17.021776+00:00');
INSERT INTO "headwater_ledger" VALUES(9,'db3063ae9fb22b06cc9d307743301350be4d39bc91297526bcdd52f713b0f10a','c75f99084ff5aca2211a8cf1d72ececa89bae7852b29c746124ebda15405c81b','wrote','run/f03efd23f00a4394904cbe8bc3b2f4ba/2','{"dataset":{"name":"talks 2","samples":null,"sha256":"6d4a7d048c3c2e248e96c857942cc70159d9ef35cc1071f032f8d54bd87ee877"},"kind":"dataset","run":"f03efd23f00a4394904cbe8bc3b2f4ba","samples":null}','2026-11-21T20:59:17.025017+00:00');
INSERT INTO "headwater_ledger" VALUES(10,'c75f99084ff5aca2211a8cf1d72ececa89bae7852b29c746124ebda15405c81b','659010ebc1e4f405cbc7d9196fbd4336e30463c90d07e4e1f6c40f3e53b8b004','run-finished','run/f03efd23f00a4394904cbe8bc3b2f4ba/3','{"run":"f03efd23f00a4394904cbe8bc3b2f4ba"}','2026-11-21T20:59:17.035534+00:00');
INSERT INTO "headwater_ledger" VALUES(11,'659010ebc1e4f405cbc7d9196fbd4336e30463c90d07e4e1f6c40f3e53b8b004','640c5fd92bcd60989969f3e4f9593c1d2388395310d39f42cbeeb24171f01bb2','run-started','run/82a4915bd7f248849976ba7654ae6578/0','{"generation":2,"labels":{},"model":"student","run":"82a4915bd7f248849976ba7654ae6578"}','2026-11-21T20:59:17.049757+00:00');
INSERT INTO "headwater_ledger" VALUES(12,'640c5fd92bcd60989969f3e4f9593c1d2388395310d39f42cbeeb24171f01bb2','5d33db76b5b18b7627cb1469f0f60bc26d6487e5c3072762a39fd9088e518c1c','used','run/82a4915bd7f248849976ba7654ae6578/1','{"dataset":{"name":"talks 2","samples":null,"sha256":"6d4a7d048c3c2e248e96c857942cc70159d9ef35cc1071f032f8d54bd87ee877"},"deed":null,"generated_by":[],"generation":null,"role":"trained-on","run":"82a4915bd7f248849976ba7654ae6578","samples":null}','2026-11-21T20:59:17.055629+00:00');
INSERT INTO "headwater_ledger" VALUES(13,'5d33db76b5b18b7627cb1469f0f60bc26d6487e5c3072762a39fd9088e518c1c','4f3425b3f77e379a73d2384e9ea3cf6797e7cae0c13799c58344b8a7a48ef994','run-failed','run/82a4915bd7f248849976ba7654ae6578/2','{"error":"ValueError","run":"82a4915bd7f248849976ba7654ae6578","said":"stopped"}','2026-11-21T20:59:17.065279+00:00');
CREATE TABLE headwater_ledger_layout (
	version INTEGER NOT NULL
);
INSERT INTO "headwater_ledger_layout" VALUES(1);
CREATE TRIGGER headwater_ledger_no_update BEFORE UPDATE ON headwater_ledger BEGIN SELECT RAISE(ABORT, 'a ledger is append-only: its entries are never changed or removed'); END;
CREATE TRIGGER headwater_ledger_no_delete BEFORE DELETE ON headwater_ledger BEGIN SELECT RAISE(ABORT, 'a ledger is append-only: its entries are never changed or removed'); END;
CREATE TRIGGER headwater_ledger_next BEFORE INSERT ON headwater_ledger WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM headwater_ledger) OR EXISTS (SELECT 1 FROM headwater_ledger WHERE key = NEW.key OR hash = NEW.hash OR previous = NEW.previous) BEGIN SELECT RAISE(ABORT, 'an entry of a ledger follows the last one, and its key is new'); END;
COMMIT;
