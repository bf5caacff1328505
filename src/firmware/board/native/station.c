/*
 * What the SDK lacks on the ESP32, as plain functions for mc/ffi: memory that lives through deep
 * sleep, sleep and its causes, two watchdogs, rails that hold, random numbers, and the chip's
 * cryptography through PSA (ESP-IDF 6.0 has Mbed TLS 4, where PSA is the interface).
 *
 * Names and signatures are repeated in ../target/manifest.json (ffi.functions) and ../native.ts.
 */
/* As ESP-IDF's CMake defines them for its own sources (components/mbedtls/CMakeLists.txt). The SDK's
   makefile does not, and without them PSA's structures have another size: no diagnosis, but a stack
   that is written over. */
#define MBEDTLS_CONFIG_FILE "mbedtls/esp_config.h"
#define TF_PSA_CRYPTO_USER_CONFIG_FILE "mbedtls/esp_config.h"

#include <stdint.h>
#include <string.h>

#include "bootloader_random.h"
#include "driver/gpio.h"
#include "driver/i2c_master.h"
#include "driver/rtc_io.h"
#include "esp_attr.h"
#include "esp_ota_ops.h"
#include "esp_pm.h"
#include "esp_random.h"
#include "esp_rom_sys.h"
#include "esp_rtc_time.h"
#include "esp_sleep.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "esp_timer.h"
#include "esp_wifi.h"
#include "nvs.h"
#include "p256-point.h"
#include "psa/crypto.h"
#include "sdkconfig.h"

/* ---- Retained memory -------------------------------------------------------------------------- */

/* NOINIT: the start code neither clears nor loads it, after deep sleep nor after a warm reset. What
   a loss of power leaves there fails the CRC of whoever wrote it. Of 8 KB RTC slow memory. */
#define RETAINED_BYTES 1984
#define CRASH_BYTES 64

static RTC_NOINIT_ATTR uint8_t retained[RETAINED_BYTES];
static RTC_NOINIT_ATTR uint8_t crash_record[CRASH_BYTES];
/* Set when the liveness deadline fires, so that the reset that follows can say so. */
#define LIVENESS_MAGIC 0x4c495645u
static RTC_NOINIT_ATTR uint32_t liveness_mark;

static void copy_bounded(uint8_t *to, const uint8_t *from, uint32_t count, uint32_t limit)
{
	memcpy(to, from, count < limit ? count : limit);
}

uint32_t station_retained_bytes(void) { return RETAINED_BYTES; }

void station_retained_read(uint8_t *into, uint32_t offset, uint32_t count)
{
	copy_bounded(into + offset, retained, count, RETAINED_BYTES);
}

void station_retained_write(uint8_t *from, uint32_t offset, uint32_t count)
{
	copy_bounded(retained, from + offset, count, RETAINED_BYTES);
}

uint32_t station_crash_bytes(void) { return CRASH_BYTES; }

void station_crash_read(uint8_t *into, uint32_t offset, uint32_t count)
{
	copy_bounded(into + offset, crash_record, count, CRASH_BYTES);
}

void station_crash_write(uint8_t *from, uint32_t offset, uint32_t count)
{
	copy_bounded(crash_record, from + offset, count, CRASH_BYTES);
}

/* ---- Time ------------------------------------------------------------------------------------- */

/* Two clocks made one: the RTC counter runs through deep sleep but on a coarse oscillator, the
   timer is exact but starts at zero. The counter gives the start of this wake, the timer the rest. */
double station_milliseconds(void)
{
	static int64_t start_microseconds = -1;
	if (start_microseconds < 0)
		start_microseconds = (int64_t)esp_rtc_get_time_us() - esp_timer_get_time();
	return (double)((start_microseconds + esp_timer_get_time()) / 1000);
}

/* ---- Reset, sleep, watchdogs ------------------------------------------------------------------ */

int32_t station_reset_reason(void)
{
	static int32_t reason = -1;
	if (reason < 0) {
		reason = (int32_t)esp_reset_reason();
		if (reason == ESP_RST_SW && liveness_mark == LIVENESS_MAGIC)
			reason = 100;
		liveness_mark = 0;
	}
	return reason;
}

int32_t station_wake_cause(void)
{
	uint32_t causes = esp_sleep_get_wakeup_causes();
	if (causes & (1u << ESP_SLEEP_WAKEUP_EXT0))
		return 2;
	return (causes & (1u << ESP_SLEEP_WAKEUP_TIMER)) ? 1 : 0;
}

void station_sleep(uint32_t milliseconds, int32_t wake_pin)
{
	esp_sleep_enable_timer_wakeup((uint64_t)milliseconds * 1000);
	if (wake_pin >= 0) {
		rtc_gpio_pullup_en((gpio_num_t)wake_pin);
		rtc_gpio_pulldown_dis((gpio_num_t)wake_pin);
		esp_sleep_enable_ext0_wakeup((gpio_num_t)wake_pin, 0);
	}
	/* The rails' pins are RTC pins and hold by themselves. */
	esp_deep_sleep_start();
}

void station_restart(void) { esp_restart(); }

/* Automatic light sleep (CONFIG_PM_ENABLE, tickless idle): the idle task sleeps until the next timer while
   nobody holds a lock. Wi-Fi and the I2C driver take theirs; ours forbids it altogether, because the line's
   UART would lose the bytes that wake it. The clock stays: its rate decides the UART's and the RMT's. */
void station_light_sleep(int32_t is_allowed)
{
	static esp_pm_lock_handle_t awake;
	static int32_t was_allowed;
	if (awake == NULL) {
		const esp_pm_config_t configuration = {
			.max_freq_mhz = CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ,
			.min_freq_mhz = CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ,
			.light_sleep_enable = true,
		};
		if (esp_pm_lock_create(ESP_PM_NO_LIGHT_SLEEP, 0, "station", &awake) != ESP_OK)
			return;
		esp_pm_lock_acquire(awake);
		if (esp_pm_configure(&configuration) != ESP_OK)
			return;
	}
	if (is_allowed == was_allowed)
		return;
	was_allowed = is_allowed;
	if (is_allowed)
		esp_pm_lock_release(awake);
	else
		esp_pm_lock_acquire(awake);
}

static void liveness_expired(void *argument)
{
	(void)argument;
	liveness_mark = LIVENESS_MAGIC;
	esp_restart();
}

/* The task watchdog is fed by the SDK at every turn of the event loop; long work within a turn (a
   recovery of the journal) feeds it here as well. The timer is the deadline of the station itself. */
void station_live(uint32_t milliseconds)
{
	static esp_timer_handle_t timer;
#if CONFIG_ESP_TASK_WDT_EN
	esp_task_wdt_reset();
#endif
	if (timer == NULL) {
		const esp_timer_create_args_t arguments = {
			.callback = liveness_expired,
			.name = "liveness",
		};
		if (esp_timer_create(&arguments, &timer) != ESP_OK)
			return;
	}
	esp_timer_stop(timer);
	esp_timer_start_once(timer, (uint64_t)milliseconds * 1000);
}

uint32_t station_free_heap(void) { return esp_get_free_heap_size(); }

int32_t station_image_on_trial(void)
{
	esp_ota_img_states_t state;
	return esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) == ESP_OK
		&& state == ESP_OTA_IMG_PENDING_VERIFY;
}

/* The call marks the entry of the next boot: with another image staged that would be the other one. */
void station_image_confirm(void)
{
	if (esp_ota_get_running_partition() == esp_ota_get_boot_partition())
		esp_ota_mark_app_valid_cancel_rollback();
}

/* ---- Pins ------------------------------------------------------------------------------------- */

void station_rail(int32_t pin, int32_t level)
{
	/* Level and direction before the hold of the last sleep is lifted: no pulse on a rail. */
	gpio_set_level((gpio_num_t)pin, (uint32_t)level);
	gpio_set_direction((gpio_num_t)pin, GPIO_MODE_OUTPUT);
	gpio_hold_dis((gpio_num_t)pin);
	gpio_hold_en((gpio_num_t)pin);
}

int32_t station_level(int32_t pin)
{
	/* A pin that can wake the chip is left to the RTC by the sleep. */
	rtc_gpio_deinit((gpio_num_t)pin);
	gpio_set_direction((gpio_num_t)pin, GPIO_MODE_INPUT);
	gpio_set_pull_mode((gpio_num_t)pin, GPIO_PULLUP_ONLY);
	return gpio_get_level((gpio_num_t)pin);
}

/* The RMT driver pulls up a pin that it receives on, and so does the reset that it may give it when it
   lets go; the SDK leaves to chance what the 1-Wire component does about that (modonewire.c does not
   set the flag en_pull_up). 45 kilohms are no use to the bus and would feed a probe without power. */
void station_float(int32_t pin) { gpio_set_pull_mode((gpio_num_t)pin, GPIO_FLOATING); }

/* I2C specification (UM10204) 3.1.16: up to nine clocks let a peer finish its byte, then a STOP. */
static void clear_by_hand(gpio_num_t data, gpio_num_t clock)
{
	gpio_set_level(data, 1);
	gpio_set_level(clock, 1);
	/* gpio_set_direction enables the output before open drain (ESP-IDF v6.0, gpio.c:328-335): first
	   open drain, or the pin would drive the line high against a peer for a moment. */
	gpio_od_enable(data);
	gpio_od_enable(clock);
	gpio_set_direction(data, GPIO_MODE_INPUT_OUTPUT_OD);
	gpio_set_direction(clock, GPIO_MODE_INPUT_OUTPUT_OD);
	for (int i = 0; i < 9 && gpio_get_level(data) == 0; i++) {
		gpio_set_level(clock, 0);
		esp_rom_delay_us(5);
		gpio_set_level(clock, 1);
		esp_rom_delay_us(5);
	}
	gpio_set_level(clock, 0);
	gpio_set_level(data, 0);
	esp_rom_delay_us(5);
	gpio_set_level(clock, 1);
	esp_rom_delay_us(5);
	gpio_set_level(data, 1);
	esp_rom_delay_us(5);
}

int32_t station_bus_clear(int32_t port, int32_t data, int32_t clock)
{
	i2c_master_bus_handle_t bus;
	/* With a peer open the driver owns the pins, and has the same procedure. */
	if (i2c_master_get_bus_handle((i2c_port_num_t)port, &bus) == ESP_OK)
		i2c_master_bus_reset(bus);
	else
		clear_by_hand((gpio_num_t)data, (gpio_num_t)clock);
	return gpio_get_level((gpio_num_t)data) && gpio_get_level((gpio_num_t)clock);
}

/* The SDK's Wi-Fi starts the radio once and never stops it. */
void station_radio(int32_t is_on)
{
	if (is_on)
		esp_wifi_start();
	else
		esp_wifi_stop();
}

/* ---- Random numbers --------------------------------------------------------------------------- */

/* esp_random() is random only while the radio or the ADC's noise source runs (ESP-IDF, "Random
   Number Generation"). So 32 bytes are gathered with the noise source at the first call, before the
   radio is on, and every output is a hash of them, a counter and whatever esp_random() gives. */
void station_random(uint8_t *into, uint32_t offset, uint32_t count)
{
	static struct {
		uint8_t pool[32];
		uint8_t fresh[32];
		uint32_t counter;
	} source;
	static int is_gathered;
	if (!is_gathered) {
		bootloader_random_enable();
		esp_fill_random(source.pool, sizeof source.pool);
		bootloader_random_disable();
		psa_crypto_init();
		is_gathered = 1;
	}
	into += offset;
	while (count > 0) {
		uint8_t block[32];
		size_t length;
		uint32_t part = count < sizeof block ? count : sizeof block;
		source.counter++;
		esp_fill_random(source.fresh, sizeof source.fresh);
		if (psa_hash_compute(PSA_ALG_SHA_256, (const uint8_t *)&source, sizeof source, block,
				sizeof block, &length) != PSA_SUCCESS)
			for (int i = 0; i < 32; i++)
				block[i] = source.pool[i] ^ source.fresh[i];
		memcpy(into, block, part);
		into += part;
		count -= part;
	}
}

/* ---- SHA-256 ---------------------------------------------------------------------------------- */

/* ESP-IDF v6.0's configuration gives 232 bytes; with the library's own defaults it is 12 (see the top). */
_Static_assert(sizeof(psa_hash_operation_t) == 232, "PSA is configured otherwise than ESP-IDF builds it");
#if !defined(PSA_WANT_ALG_DETERMINISTIC_ECDSA) || !defined(PSA_WANT_ALG_SHA_256)
#error "PSA is configured without deterministic ECDSA or SHA-256"
#endif

static psa_hash_operation_t hash_operation;

void station_hash_begin(void)
{
	psa_crypto_init();
	psa_hash_abort(&hash_operation);
	hash_operation = psa_hash_operation_init();
	psa_hash_setup(&hash_operation, PSA_ALG_SHA_256);
}

void station_hash_add(uint8_t *from, uint32_t offset, uint32_t count)
{
	psa_hash_update(&hash_operation, from + offset, count);
}

int32_t station_hash_end(uint8_t *into)
{
	size_t length;
	return psa_hash_finish(&hash_operation, into, 32, &length);
}

/* ---- ES256 ------------------------------------------------------------------------------------ */

/* Deterministic: the nonce of RFC 6979, and no low-S rule in PSA. */
#define OUR_ALGORITHM PSA_ALG_DETERMINISTIC_ECDSA(PSA_ALG_SHA_256)
#define PRIVATE_BYTES 32

static psa_key_id_t own_key;

static psa_status_t import_own(const uint8_t *private_key)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
	psa_set_key_bits(&attributes, 256);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_HASH);
	psa_set_key_algorithm(&attributes, OUR_ALGORITHM);
	return psa_import_key(&attributes, private_key, PRIVATE_BYTES, &own_key);
}

/* The key of NVS namespace "bistrina"; drawn and written there when there is none. A draw that is
   zero or not below the order is refused by the import (one in 2^32) and drawn again. */
static int32_t open_own(void)
{
	nvs_handle_t store;
	uint8_t private_key[PRIVATE_BYTES];
	size_t length = sizeof private_key;
	if (own_key != 0)
		return 0;
	if (psa_crypto_init() != PSA_SUCCESS)
		return -1;
	if (nvs_open("bistrina", NVS_READWRITE, &store) != ESP_OK)
		return -2;
	esp_err_t found = nvs_get_blob(store, "key", private_key, &length);
	int32_t result = 0;
	if (found == ESP_OK) {
		if (length != PRIVATE_BYTES || import_own(private_key) != PSA_SUCCESS)
			result = -3;
	} else if (found == ESP_ERR_NVS_NOT_FOUND) {
		result = -4;
		for (int attempt = 0; attempt < 4 && result == -4; attempt++) {
			station_random(private_key, 0, PRIVATE_BYTES);
			if (import_own(private_key) == PSA_SUCCESS)
				result = 0;
		}
		/* A key that cannot be kept must not sign: the next start would have another. */
		if (result == 0
				&& (nvs_set_blob(store, "key", private_key, PRIVATE_BYTES) != ESP_OK
					|| nvs_commit(store) != ESP_OK)) {
			psa_destroy_key(own_key);
			own_key = 0;
			result = -5;
		}
	} else {
		result = -6;
	}
	memset(private_key, 0, sizeof private_key);
	nvs_close(store);
	return result;
}

int32_t station_key_public(uint8_t *into)
{
	uint8_t point[65];
	size_t length;
	int32_t result = open_own();
	if (result != 0)
		return result;
	if (psa_export_public_key(own_key, point, sizeof point, &length) != PSA_SUCCESS
			|| length != sizeof point)
		return -7;
	into[0] = 2 + (point[64] & 1);
	memcpy(into + 1, point + 1, 32);
	return 0;
}

int32_t station_key_sign(uint8_t *digest, uint32_t offset, uint8_t *into)
{
	size_t length;
	int32_t result = open_own();
	if (result != 0)
		return result;
	if (psa_sign_hash(own_key, OUR_ALGORITHM, digest + offset, 32, into, 64, &length) != PSA_SUCCESS
			|| length != 64)
		return -8;
	return 0;
}

int32_t station_key_verify(uint8_t *public_key, uint32_t public_key_offset, uint8_t *digest,
	uint32_t digest_offset, uint8_t *signature, uint32_t signature_offset)
{
	uint8_t point[65];
	psa_key_id_t key;
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	if (p256_decompress(public_key + public_key_offset, point) != 0)
		return -1;
	if (psa_crypto_init() != PSA_SUCCESS)
		return -2;
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
	psa_set_key_bits(&attributes, 256);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_HASH);
	psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
	if (psa_import_key(&attributes, point, sizeof point, &key) != PSA_SUCCESS)
		return -3;
	psa_status_t verdict = psa_verify_hash(key, PSA_ALG_ECDSA(PSA_ALG_SHA_256),
		digest + digest_offset, 32, signature + signature_offset, 64);
	psa_destroy_key(key);
	return verdict == PSA_SUCCESS ? 1 : 0;
}
