"""Another kind of words; and seeded words go that took ordinary sentences for danger, where nobody edited them."""

import hashlib

from django.db import migrations, models

GONE = {
    "emergency": (
        "112 불러|112 신고|112에 전화|119 신고|119 연결|119 좀|119에 전화|119좀|beats me|bleeding|breaking into|broke into|"
        "can't breathe|cant breathe|car accident|choking|collapsed|drowning|emergency|fainted|following me|"
        "gas leak|having a seizure|heart attack|help me please i'm hurt|hits me|hitting me|is on fire|"
        "need an ambulance|stalker|stalking me|unconscious|가스 냄새|가스 누출|가스 새|가스가 새|가정폭력|갇혔다|갇혔어|감금|감전됐다|감전되었다|"
        "강에 빠졌다|건물이 무너졌다|경련을 일으|경찰 좀 불러|교통사고 났|교통사고 당했|구급차 좀|구급차를 불러|기절했다|깔렸다|나 좀 살려|나를 때려|나를 때리|날 때려|납치|"
        "누가 쫓아|도와주세요 사람이|도와주세요 제발 살|독을 먹|때려요 무서|떨어져서 다쳤|락스를 마셨다|락스를 먹었다|많이 다쳤다|맞고 살아|맞고 있어요|맥박이 없다|맨날 때려|"
        "목을 조르|물에 빠져서|물에 빠졌다|바다에 빠졌다|발작을 일으|불 났어|불 붙었어|불났|불이 났다|불이 번지|불이 붙었다|불이 크게 났다|불이야|사고 났어|사고가 났다|사고났|"
        "사람이 빠졌|살려 주세요|살려 주세요 제발|살려주세요|살려줘|살려줘요|성추행 당|성폭행 당|숨을 못 쉬다|숨을 못쉬|숨을 안 쉬다|숨을 안 쉰다|숨을 안쉬|숨이 막혀|"
        "숨이 안 쉬어지다|스토커가|스토킹 당하|스토킹당하|심장마비|심장이 멈췄다|심정지|심폐소생술 해야|쓰러져 있다|쓰러져서|쓰러졌다|쓰러지셨|앰뷸런스|엘리베이터에 갇혔다|연기가 자욱|"
        "응급 상황|응급상황|응급실 가야|응급환자|의식불명|의식을 잃|의식이 없다|자꾸 때려|저 좀 살려|저를 때려|저를 때리|절 때려|정신을 잃|제발 살려|죽이려고 해요|차에 치여|"
        "차에 치였다|추락했다|출혈이 심|칼 든 사람|칼에 찔|칼에 찔렸다|칼을 들고|크게 다쳤|크게 다쳤다|큰불이 났다|폭력을 당|폭발했다|폭행당하고|폭행을 당|피가 많이 나|"
        "피가 멈추지 않|피가 안 멈추다|피를 많이 흘리|피를 흘리고|협박 당하|협박당하|호흡곤란|호흡이 없다|화상을 입었다|화재 발생|화재가 났다"
    ),
    "self_harm": (
        "better off dead|cut myself|don't want to live|dont want to live|end it all|end my life|"
        "ending it all|hang myself|hate my life|hurt myself|i wanna disappear|i want to disappear|"
        "jump off the|kill myself|killing myself|no reason to live|overdose|overdosed|self harm|self-harm|"
        "slit my wrist|slit my wrists|suicidal|suicide|take all my pills|took all my pills|wanna die|"
        "want to die|wish i was dead|wish i were dead|그냥 죽을까|그냥 죽을래|그만 살고 싶다|그만 살래|극단적 생각|극단적 선택|극단적인 생각|"
        "극단적인 선택|나 같은 건 죽어|나 죽을래|나 하나 사라져도|나 하나 없어져도|나쁜 생각이 들|내 몸에 상처|내가 없어지면|내가 죽어야|눈을 안 떴으면|다 그만두고 죽|"
        "다 끝내고 싶다|다리에서 뛰어|다시는 눈 뜨고 싶지 않|더 이상 못 버티겠|더 이상 못 살겠다|더는 못 버티겠다|더이상 못 살|뒤지고 싶다|뒤지고 싶은|디지고 싶|뛰어내리고 싶다|"
        "뛰어내리면|뛰어내릴까|모든 걸 그만두고 싶|모든 걸 끝내고 싶|모든 게 끝났으면|목 매고|목 매달|목매달|목숨을 끊|목을 매|못 견디겠어 죽|버틸 힘이 없|번개탄|"
        "사는 게 너무 힘들다|사는 게 무의미|사는 게 의미 없|사는 게 지옥|사는 게 힘들다|사는게 의미없|사라져 버리고 싶다|사라져버렸으면|사라지고 싶다|살 가치가 없|살 의미가 없|"
        "살 이유가 없다|살 자신이 없|살고싶지않|살기 싫다|살기 싫어|살기가 싫|살기가 힘들|살아가는 의미|살아갈 의미|살아갈 이유|살아갈 자신|살아갈 힘|살아서 뭐 하|살아서 뭐해|"
        "살아있을 이유|삶에 의미가 없|삶을 끝내|삶을 마감|삶을 포기|삶이 무의미|삶이 지옥|생을 끝내|생을 마감|세상 떠나고 싶|세상에서 사라지|세상을 등지|세상을 떠나고 싶다|"
        "손목 그었|손목 긋|손목을 그었다|손목을 긋고|손목을 긋다|수면제 많이 먹|수면제를 다 먹|스스로 목숨|아무도 날 필요로 하지 않|안 깨어났으면|안 아프게 죽|안 일어났으면 좋겠|"
        "안 좋은 생각이 자꾸|안 태어났으면|약 먹고 죽|약을 한꺼번에 먹|없어져 버리고 싶다|없어지고 싶다|영원히 잠들|영원히 잠들고 싶다|옥상에서 뛰|유서 썼|유서 쓰|유서를 쓰|"
        "이 세상에 없었으면|이제 그만 살고|인생 끝내|인생을 끝내|인생을 포기|인생이 지옥|자살|자해|주고시퍼|주꼬싶|죽고 싶은|죽고 잡|죽고만 싶|죽고시|죽고십|죽고싶|죽고파|죽구 싶|"
        "죽구싶|죽는 게 나아|죽는 방법|죽는 법|죽는게 나을|죽는게 낫|죽어 버리고 싶어|죽어버리고 싶다|죽어버릴까|죽어야 끝|죽어야 할까|죽었으면 좋겠다|죽으려고|죽으면 끝|"
        "죽으면 다 끝|죽으면 편할|죽을 방법|죽을 생각|죽을 용기|죽음만 생각|죽음을 생각|쥬고싶|차라리 죽|칼로 그었|칼로 긋|태어나지 말|태어나지 않았으면|편하게 죽|피를 보고 싶|"
        "한강 갈까|한강 뛰어|한강 물 온도|한강물 온도|한강에 뛰어|한강에 빠져"
    ),
    "fine": (
        "간판이 쓰러|감금된 동물|경제를 살려|경찰 영화|고기 없이 못 살|고기 없이 살아서|궁금해 죽|궁금해서 죽|귀여워 죽|귀여워서 죽|귀찮아 죽|귀찮아서 죽|기억을 살려|기절하게 맛|"
        "기절할 정도|꽃이 죽|나무가 쓰러|나무가 죽|나무들이 쓰러|나무를 살려|납치 영화|눈이 깔렸|답답해 죽|더워 죽|더워서 죽|동물들을 살려|동물을 살려|동물이 죽|매력에 빠졌|"
        "먹고 싶어 죽|멍청비용|목말라 죽|목매달리|물고기가 죽|물에 빠진 생선|물에 빠진 생쥐|바다가 죽|바다를 살려|바빠 죽|바빠서 죽|배고파 죽|배고파서 죽|배불러 죽|벌레가 죽|"
        "보고 싶어 죽|부러워 죽|북극곰을 살려|불났을 때|불이 나면|불이야기|비건에 빠졌|사고 싶|사람 사는 게 힘들|산호가 죽|살아서 뭐하나 고기|숙제 다 끝내고 싶|"
        "숙제를 다 끝내고 싶|숨막히게|숨이 막히게|숲을 살려|스트레스로 폭발|시간에 갇혔|식물 살려|식물을 살려|식물이 죽|심심해 죽|심심해서 죽|심장마비 오는 줄|싶을 만큼 맛있|"
        "쓰러져 잠|쓰러지듯|쓰레기가 사라지|아까워 죽|앱이 깔렸|야채죽|없이 못 살|없이는 못 살|에 살기 싫|에 푹 빠졌|에는 살기 싫|에서 더는 못 살|에서 살기 싫|에서는 살기 싫|"
        "열불|웃겨 죽|웃겨서 죽|응급실 드라마|의자가 죽|인기 폭발|일 다 끝내고 싶|일을 다 끝내고 싶|입맛을 살려|자살 예방|자살골|자살률|자살예방|자살율|자연을 살려|자전거가 쓰러|"
        "자해공갈|장점을 살려|전복죽|정리를 다 끝내고 싶|졸려 죽|졸려서 죽|좋아 죽|좋아서 죽|죽 먹고|죽기 살기로|죽기 전에 해|죽도 먹|죽어도 안 먹|죽은 나무|죽은 물고기|"
        "죽은 식물|죽은 화분|죽을 때까지|죽을 먹|죽이 먹고|지구 살려|지구 제발 살려|지구 좀 살려|지구를 살려|지구를 제발 살려|지구를 좀 살려|짜증나 죽|채소죽|"
        "챌린지 다 끝내고 싶|챌린지를 다 끝내고 싶|천불|추워 죽|추워서 죽|팥죽|프로그램이 깔렸|플라스틱이 사라지|플로깅에 빠졌|피곤해 죽|호박죽|혼자 사는 게 힘들|화분 살려|"
        "화분을 살려|화분이 깔렸|화분이 쓰러|화분이 죽|화재 예방|환경 살려|환경을 살려|힘들어 죽겠"
    ),
}


def forget(apps, schema_editor):
    words = apps.get_model("chatbot", "ListedWord")
    records = apps.get_model("challenges", "SeedRecord")
    seeded = dict(records.objects.filter(kind="word").values_list("key", "object_id"))
    for kind, listed in GONE.items():
        rows = words.objects.filter(kind=kind, note="", word__in=listed.split("|"))
        untouched = [
            pk for pk, word in rows.values_list("pk", "word") if seeded.get(hashlib.sha256(word.encode()).hexdigest()) == pk
        ]
        words.objects.filter(pk__in=untouched).delete()


class Migration(migrations.Migration):

    dependencies = [
        ("challenges", "0001_initial"),
        ("chatbot", "0008_given_titles"),
    ]

    operations = [
        migrations.AlterField(
            model_name="listedword",
            name="kind",
            field=models.CharField(
                choices=[
                    ("abuse", "abuse"),
                    ("self_harm", "self-harm"),
                    ("emergency", "emergency"),
                    ("violence", "violence"),
                    ("fine", "fine: an exception"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.RunPython(forget, migrations.RunPython.noop),
    ]
